/** The page with the fake reader; its options are in the address, as JSON behind `#`. */

import { createRoot } from "react-dom/client";
import { App } from "../../src/ui/App";
import "../../src/styles/index.css";
import { type FakeOptions, fakeServices } from "./engine";

const hash = decodeURIComponent(location.hash.slice(1));
const options = (hash === "" ? {} : JSON.parse(hash)) as FakeOptions;
createRoot(document.getElementById("root") as HTMLElement).render(
  <App services={fakeServices(options)} />,
);
