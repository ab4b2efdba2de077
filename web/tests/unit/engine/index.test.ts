import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadListing, openEngine } from "../../../src/engine/index";
import { madeManifest, serveFiles } from "./made-files";

const OPTIONS = { model: null, precision: "fp32", token: null } as const;

beforeEach(() => vi.stubGlobal("document", { baseURI: "http://host/folder/page.html" }));
afterEach(() => vi.unstubAllGlobals());

describe("the way in", () => {
  it("lists the models beside the page", async () => {
    serveFiles({ "/folder/models.json": () => Response.json(madeManifest()) });
    const { models, collects } = await loadListing();
    expect(models.map(({ name }) => name)).toEqual(["made"]);
    expect(collects).toBe(false);
  });

  it("says when there is no list", async () => {
    serveFiles({});
    await expect(loadListing()).rejects.toMatchObject({ trouble: "model-missing" });
  });

  it("opens nothing on the device without a model", async () => {
    const opening = openEngine("device", OPTIONS);
    await expect(opening).rejects.toMatchObject({ trouble: "model-missing" });
  });

  it("opens the server that the page is from", async () => {
    const requests = serveFiles({
      "/folder/v1/model": () =>
        Response.json({ name: "small", precision: "fp32", labels: ["happy"], threshold: 0.5 }),
    });
    const engine = await openEngine("server", { ...OPTIONS, token: "secret-of-16-signs" });
    expect(engine.info).toMatchObject({ name: "small", backend: "server" });
    expect(requests.every(({ url }) => !url.includes("secret"))).toBe(true);
  });

  it("calls anything unforeseen a defect", async () => {
    vi.stubGlobal("document", { baseURI: "no address" });
    await expect(openEngine("server", OPTIONS)).rejects.toMatchObject({ trouble: "defect" });
  });
});
