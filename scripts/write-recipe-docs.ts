// `npm run docs`: writes docs/recipes.md.
import { writeFileSync } from "node:fs";
import { recipePage } from "./recipe-page.ts";

writeFileSync(new URL("../docs/recipes.md", import.meta.url), recipePage());
