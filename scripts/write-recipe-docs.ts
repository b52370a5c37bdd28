// `npm run docs`: writes docs/recipes.md and docs/model-card.md.
import { writeFileSync } from "node:fs";
import { cardPage } from "./card-page.ts";
import { recipePage } from "./recipe-page.ts";

writeFileSync(new URL("../docs/recipes.md", import.meta.url), recipePage());
writeFileSync(new URL("../docs/model-card.md", import.meta.url), cardPage());
