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

export default defineConfig({
  plugins: [fonts()],
  define: { "process.env.NODE_ENV": '"production"' },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: "es2020",
    reportCompressedSize: false,
    lib: { entry: "src/vizly/server.ts", name: "vizly", formats: ["iife"], fileName: () => "vizly.js" },
  },
});
