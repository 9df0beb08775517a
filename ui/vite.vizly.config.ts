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

/** Two bundles, each one file: `vizly.js` draws where there is no page; with `--mode page`, `page.js` draws in a page of its own. */
export default defineConfig(({ mode }) => {
  const page = mode === "page";
  return {
    plugins: page ? [] : [fonts()],
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: OUT,
      emptyOutDir: !page,
      target: "es2020",
      reportCompressedSize: false,
      lib: { entry: page ? "src/vizly/page.ts" : "src/vizly/server.ts", name: page ? "vizlyPage" : "vizly", formats: ["iife"], fileName: () => (page ? "page.js" : "vizly.js") },
    },
  };
});
