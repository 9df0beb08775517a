import "@fontsource/arimo/latin-400.css";
import "@fontsource/arimo/latin-700.css";
import "../../src/finopsmetrics/api/design/tokens.css";
import "./base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { pending } from "./app/ready.svelte";
import { live } from "./app/live.svelte";
import { applyTheme } from "./app/theme.svelte";

applyTheme();
setTimeout(() => live.start(), 0);
mount(App, { target: document.getElementById("app")! });
pending.settle(); // a page that one may not see asks for nothing, and is drawn at once
