/** Montgomery and Shenzhen: chest films with the lungs. lung-films.ts says how they lie on disk. */

import type { Layout } from "./layout.ts";
import { describeFilm, FILMS_PATIENTS, FILMS_REFERENCE, filmRole, hasFilms, LUNGS } from "./lung-films.ts";
import { listByName } from "./named-images.ts";

export const kaggleLungs: Layout = {
  name: "kaggle-lungs",
  title: "Montgomery and Shenzhen",
  modality: "xray",
  labels: LUNGS,
  patientSpace: FILMS_PATIENTS,
  isPublished: true,
  published: { images: 800, reference: FILMS_REFERENCE },
  recognize: (folder) => hasFilms(folder, "MCUCXR", "CHNCXR"),
  list: (folder) => listByName(folder, filmRole, describeFilm),
};
