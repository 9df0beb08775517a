/** What the server wrote into the page: who asks, and what the home's data is. */
export interface Me {
  name: string;
  sort: string;
  roles: string[];
  teams: string[];
  permissions: string[];
  scope: string | null;
  csrf: string | null;
  second_factor: boolean;
}

export interface Facts {
  me: Me;
  version: string;
  synthetic: boolean;
  currencies: string[];
  fresh: string | null;
  latest: string | null;
  /** The dashboard that the page shows, so that it need not be asked for. */
  layout?: unknown;
  embed?: { token: string };
}

const element = document.getElementById("facts");
export const facts: Facts = JSON.parse(element?.textContent || "null") ?? {
  me: { name: "", sort: "", roles: [], teams: [], permissions: [], scope: null, csrf: null, second_factor: false },
  version: "", synthetic: false, currencies: [], fresh: null, latest: null,
};

const held = new Set(facts.me.permissions);

/** Whether the one who is logged in holds `<what>:<verb>`; nothing is held by everybody. The server asks again at each request. */
export function may(permission: string): boolean {
  return permission === "" || held.has(permission);
}
