/** Montgomery County: chest films with the lungs. lung-films.ts says how they lie on disk. */

import type { Layout } from "./layout.ts";
import { describeFilm, FILMS_PATIENTS, FILMS_REFERENCE, filmRole, hasFilms, LUNGS } from "./lung-films.ts";
import { listByName } from "./named-images.ts";

export const montgomery: Layout = {
  name: "montgomery",
  title: "Montgomery County",
  modality: "xray",
  labels: LUNGS,
  patientSpace: FILMS_PATIENTS,
  isPublished: true,
  published: { images: 138, reference: FILMS_REFERENCE },
  recognize: (folder) => hasFilms(folder, "MCUCXR"),
  list: (folder) => listByName(folder, filmRole, describeFilm),
};
