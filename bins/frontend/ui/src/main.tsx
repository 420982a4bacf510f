import { render } from "preact";
import { Shell } from "./panels/shell";
import { App } from "./state/app";
import "./styles/base.css";
import "./styles/panels.css";
import "./styles/phone.css";

const root = document.getElementById("app");
if (root === null) throw new Error("missing #app element");

const app = new App();
const live = location.pathname !== "/preview";
render(<Shell app={app} live={live} />, root);
if (live) app.start();
