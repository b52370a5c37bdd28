/**
 * What becomes of each attribute: the Basic Application Level Confidentiality Profile of DICOM PS3.15, annex E.
 *
 * Table    `deidentify-profile.json` is table E.1-1 of edition 2026c, the column of the basic profile, by tag.
 * Choice   where the table leaves it to the kind of object (X/Z, X/Z/D, ...), a value gets the last of the actions, which
 *          every kind of object allows; a sequence the gentlest that is no dummy, since a dummy item conforms to none.
 * Beyond   the table: private attributes, those of no known meaning (not in `deidentify-dictionary.json`), names of
 *          people, dates and times that it does not list, and all of overlays and curves go; UIDs that it does not list
 *          are mapped, unless they name a class, a coding scheme or a syntax.
 * Source   PS3.15 E.1-1 (attributes), PS3.6 (VRs, as pydicom 3.0.2 has them).
 */

import dictionary from "./deidentify-dictionary.json" with { type: "json" };
import profile from "./deidentify-profile.json" with { type: "json" };

/**
 * `keep`; `remove`; `empty`: zero length; `dummy`: a value that says nothing; `map`: UIDs by their pseudonyms; `enter`:
 * a sequence whose items are treated in their turn.
 */
export type Action = "keep" | "remove" | "empty" | "dummy" | "map" | "enter";

/** The VR of a public attribute; undefined where the standard, as far as the dictionary knows it, has none. */
export function vrOfAttribute(tag: string): string | undefined {
  vrs ??= new Map(
    Object.entries(dictionary).flatMap(([vr, groups]) =>
      Object.entries(groups).flatMap(([group, elements]) =>
        elements.split(" ").map((element) => [group + element, vr] as const),
      ),
    ),
  );
  return vrs.get(tag);
}

let vrs: ReadonlyMap<string, string> | undefined;

/** What the profile wants for an attribute. @param tag Eight hex digits, capitals. */
export function actionOf(tag: string): Action {
  const vr = vrOfAttribute(tag);
  if (vr === undefined) return "remove";
  const action = listed.get(tag);
  if (action !== undefined) return vr === "SQ" ? sequenceActions[action] : valueActions[action];
  if (vr === "SQ") return "enter";
  if (vr === "UI") return classUids.has(tag) ? "keep" : "map";
  return ["PN", "DA", "DT", "TM"].includes(vr) ? "remove" : "keep";
}

type ListedAction = keyof typeof valueActions;

const valueActions = {
  X: "remove",
  Z: "empty",
  D: "dummy",
  U: "map",
  "X/Z": "empty",
  "X/D": "dummy",
  "Z/D": "dummy",
  "X/Z/D": "dummy",
  "X/Z/U*": "map",
} as const;

const sequenceActions: Readonly<Record<ListedAction, Action>> = {
  ...valueActions,
  "X/D": "remove",
  "Z/D": "empty",
  "X/Z/D": "empty",
  "X/Z/U*": "enter",
};

const listed: ReadonlyMap<string, ListedAction> = new Map(
  Object.entries(profile.attributes).map(([key, action]) => [key.slice(0, 8), action as ListedAction]),
);

/** UIDs that name no instance: SOP classes, coding schemes and their contexts, transfer syntaxes. */
const classUids = new Set([
  "00080016",
  "0008001A",
  "0008001B",
  "00080062",
  "0008010C",
  "00080117",
  "00080118",
  "0008040E",
  "00081150",
  "0008115A",
  "00083002",
  "00340003",
  "04000010",
  "04000510",
  "30100052",
  "30100053",
]);
