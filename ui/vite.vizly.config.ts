import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const OUT = "../src/finopsmetrics/vizlychart/built";
const FONTS = "node_modules/@expo-google-fonts/arimo";

/** Puts the font that pictures are drawn in beside the bundle: as TTF, for print. */
function fonts(): Plugin {
  return {
    name: "fonts",
    closeBundle() {
      const to = join(import.meta.dirname, OUT);
      mkdirSync(to, { recursive: true });
      for (const [from, name] of [["400Regular/Arimo_400Regular.ttf", "Arimo-Regular.ttf"], ["700Bold/Arimo_700Bold.ttf", "Arimo-Bold.ttf"], ["LICENSE_FONT", "Arimo-LICENSE.txt"]]) {
        copyFileSync(join(import.meta.dirname, FONTS, from!), join(to, name!));
      }
    },
  };
}

/** Bundles of one file each: `vizly.js` draws where there is no page; `--mode page` and `--mode widget` in pages and notebooks. */
const BUNDLES = {
  page: { entry: "src/vizly/page.ts", name: "vizlyPage", format: "iife", file: "page.js" },
  widget: { entry: "src/vizly/widget.ts", name: "vizlyWidget", format: "es", file: "widget.js" },
} as const;
const SERVER = { entry: "src/vizly/server.ts", name: "vizly", format: "iife", file: "vizly.js" } as const;

export default defineConfig(({ mode }) => {
  const added = mode === "page" || mode === "widget";
  const bundle = added ? BUNDLES[mode] : SERVER;
  return {
    plugins: added ? [] : [fonts()],
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: OUT,
      emptyOutDir: !added,
      target: "es2020",
      reportCompressedSize: false,
      // A library of modules keeps its spaces unless it is told otherwise.
      ...(bundle.format === "es" ? { rolldownOptions: { output: { minify: true } } } : {}),
      lib: { entry: bundle.entry, name: bundle.name, formats: [bundle.format], fileName: () => bundle.file },
    },
  };
});
