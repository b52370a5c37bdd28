/**
 * The report of a study: one page to read and to send, the figures as files, the numbers as CSV, the table as LaTeX. Made from the study
 * alone, so it can be written again at any time, also while the study is still at work.
 *
 * Errors   `ERR_STUDY_EMPTY` when no cell is finished.
 */
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MedsslError, type Study } from "@medssl/contract";
import { casesCsv, cellsCsv, summaryCsv } from "./csv.ts";
import { reportFigures, reportHtml } from "./html.ts";
import { latexTable } from "./latex.ts";
import { writeFigure } from "./picture.ts";

/** Paths of what was written. */
export interface ReportFiles {
  readonly html: string;
  readonly figures: readonly string[];
  readonly csv: readonly string[];
  readonly latex: string;
}

/**
 * Writes `index.html`, `figures/`, three CSV files and `table.tex`.
 *
 * @param dir The study's folder: it holds the pictures that the study names, and gets the report.
 * @throws {MedsslError} `ERR_STUDY_EMPTY`
 */
export async function writeReport(study: Study, dir: string): Promise<ReportFiles> {
  if (study.cells.length === 0) {
    throw new MedsslError("ERR_STUDY_EMPTY", `the study "${study.title}" has no finished model to report on`, {
      hint: "Run the study's command again; it goes on where it stopped.",
    });
  }
  const tables = [
    { name: "summary.csv", content: summaryCsv(study) },
    { name: "cells.csv", content: cellsCsv(study) },
    { name: "cases.csv", content: casesCsv(study) },
  ];
  const figures = reportFigures(study);
  const drawn = Object.values(figures).filter((figure) => figure !== undefined);
  const paths = drawn.flatMap((figure) => writeFigure(figure, join(dir, "figures")));
  const csv = await Promise.all(tables.map(({ name, content }) => write(join(dir, name), content)));
  const html = await write(join(dir, "index.html"), reportHtml(study, dir, figures, tables));
  const latex = await write(join(dir, "table.tex"), latexTable(study));
  return { html, figures: paths, csv, latex };
}

/** Replaces the file in one move, so that a reader never finds half of it. */
async function write(path: string, content: string): Promise<string> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
  return path;
}
