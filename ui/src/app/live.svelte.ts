/** What the server tells as it happens, over one WebSocket that comes back by itself and goes on where it was. */
import { facts } from "./facts";

type Told = Record<string, unknown> & { id: string; place?: number };

class Live {
  /** The lake's version; grows with every delivery. What depends on it is asked anew. */
  lake = $state(0);
  /** The place of the newest event of findings. */
  findings = $state(0);
  /** How often a budget's standing or a declared spec changed. */
  budgets = $state(0);
  /** The place of the newest batch of samples. */
  samples = $state(0);
  connected = $state(false);
  private socket: WebSocket | undefined;
  private wait = 1_000;
  private places: Record<string, number> = {};

  start(): void {
    if (this.socket || facts.embed || !facts.me.permissions.includes("costs:read")) return; // the stream is for who sees costs
    const address = new URL("/api/v1/stream", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.socket = new WebSocket(address));
    socket.onopen = () => {
      this.connected = true;
      this.wait = 1_000;
      this.ask("lake", "lake", {});
      if (facts.me.permissions.includes("findings:read")) this.ask("findings", "findings", this.places.findings ? { after: this.places.findings } : {});
      if (facts.me.permissions.includes("samples:read")) this.ask("samples", "samples", this.places.samples !== undefined ? { after: this.places.samples } : {});
      if (facts.me.permissions.includes("budget:read")) this.ask("budgets", "budgets", {});
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data as string) as Told);
    socket.onclose = () => {
      this.connected = false;
      this.socket = undefined;
      setTimeout(() => this.start(), this.wait);
      this.wait = Math.min(this.wait * 2, 60_000);
    };
  }

  private ask(id: string, topic: string, asked: unknown): void {
    this.socket?.send(JSON.stringify({ id, [topic]: asked }));
  }

  private hear(told: Told): void {
    if (told.id === "lake" && typeof told.lake_version === "number") {
      if (this.lake !== told.lake_version && this.places.lake !== undefined) this.lake = told.lake_version;
      this.places.lake = told.lake_version;
    } else if (told.id === "findings" && told.place !== undefined) {
      this.places.findings = told.place;
      if (Array.isArray(told.events) && told.events.length) this.findings = told.place;
    } else if (told.id === "samples" && told.place !== undefined) {
      if (this.places.samples !== undefined && this.places.samples !== told.place) this.samples = told.place;
      this.places.samples = told.place;
    } else if (told.id === "budgets" && Array.isArray(told.budgets)) {
      if (this.places.budgets !== undefined) this.budgets += 1;
      this.places.budgets = 1;
    }
  }
}

export const live = new Live();
