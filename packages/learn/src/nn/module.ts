/**
 * What a network is here: a plain object whose fields are tensors, arrays and further such objects.
 *
 * Names        the path of the fields in snake case: `patchEmbed.proj.weight` is `patch_embed.proj.weight`, the first of
 *              `blocks` is `blocks.0`. Fields are called as timm and PyTorch call theirs, so weights need no map.
 * Parameters   tensors that require a gradient. Other tensors are buffers: fixed, but part of the state.
 * Errors       `ERR_STATE_DICT` when weights do not fit.
 */
import { MedsslError } from "@medssl/contract";
import { type Device, noGrad, Tensor } from "@medssl/torch";

type NamedTensor = [name: string, tensor: Tensor];

/** Makes a tensor a parameter: it collects a gradient and outlives the scope that it was made in. */
export function parameter(value: Tensor): Tensor {
  return value.keep().setRequiresGrad();
}

/** Calls `visit` for each tensor field, with its owner. */
function walk(
  owner: object,
  path: string,
  visit: (name: string, tensor: Tensor, fields: Record<string, unknown>, key: string) => void,
): void {
  const fields = owner as Record<string, unknown>;
  for (const [key, value] of Object.entries(fields)) {
    const name = path + key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (value instanceof Tensor) visit(name, value, fields, key);
    else if (typeof value === "object" && value !== null) walk(value, `${name}.`, visit);
  }
}

/** Parameters and buffers by name: what is written to disk. */
export function stateDict(module: object): NamedTensor[] {
  const tensors: NamedTensor[] = [];
  walk(module, "", (name, tensor) => tensors.push([name, tensor]));
  return tensors;
}

/** What an optimiser moves. */
export function namedParameters(module: object): NamedTensor[] {
  return stateDict(module).filter(([, tensor]) => tensor.requiresGrad);
}

/** Number of trained values. */
export function countParameters(module: object): number {
  return namedParameters(module).reduce((sum, [, { numel }]) => sum + numel, 0);
}

/** Moves all tensors to a device, in place. Do it before an optimiser takes the parameters. */
export function moveModule<Module extends object>(module: Module, device: Device): Module {
  walk(module, "", (_name, tensor, fields, key) => {
    if (tensor.device === device) return;
    const moved = noGrad(() => tensor.to({ device })).keep();
    fields[key] = moved.setRequiresGrad(tensor.requiresGrad);
    tensor.dispose();
  });
  return module;
}

/** Computes in another type of floats from now on, in place. */
export function castModule<Module extends object>(module: Module, dtype: "float32" | "float64"): Module {
  walk(module, "", (_name, tensor, fields, key) => {
    if (!tensor.dtype.startsWith("float") || tensor.dtype === dtype) return;
    fields[key] = noGrad(() => tensor.detach().to({ dtype })).keep();
    tensor.dispose();
  });
  return module;
}

/**
 * Puts the weights of convolutions into channels-last memory, in place, as their images are: they then need not be
 * reordered at each call. For a network that is not trained any more.
 */
export function freezeModule<Module extends object>(module: Module): Module {
  walk(module, "", (_name, tensor, fields, key) => {
    if (tensor.rank !== 4) return;
    fields[key] = noGrad(() => tensor.detach().to({ format: "channelsLast" }).clone()).keep();
    tensor.dispose();
  });
  return module;
}

export interface LoadOptions {
  /** Takes the tensors whose names begin so, and drops it from their names. @default "" */
  readonly prefix?: string;
  /** Whether both sides must have the same names. Shapes must agree in any case. @default true */
  readonly strict?: boolean;
  /** Where the tensors come from, for the error. @default "the weights" */
  readonly source?: string;
}

/**
 * Copies tensors into the fields of their names.
 *
 * @throws {MedsslError} `ERR_STATE_DICT` listing what is missing, what is too much and which shapes differ. Nothing is
 * copied then.
 */
export function loadStateDict(
  module: object,
  tensors: ReadonlyMap<string, Tensor>,
  { prefix = "", strict = true, source = "the weights" }: LoadOptions = {},
): void {
  const given = new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
  const own = new Map(stateDict(module));
  const problems: string[] = [];
  const list = (what: string, names: string[]) => {
    const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? `, and ${names.length - 5} more` : "");
    if (names.length > 0) problems.push(`${what}: ${shown}`);
  };
  if (strict) {
    list(
      "missing",
      own
        .keys()
        .filter((name) => !given.has(name))
        .toArray(),
    );
    list(
      "not of this network",
      given
        .keys()
        .filter((name) => !own.has(name))
        .toArray(),
    );
  }
  const common = own
    .keys()
    .filter((name) => given.has(name))
    .toArray();
  list(
    "of another shape",
    common
      .filter((name) => shapeText(own.get(name)!) !== shapeText(given.get(name)!))
      .map((name) => `${name} (expected ${shapeText(own.get(name)!)}, got ${shapeText(given.get(name)!)})`),
  );
  if (problems.length > 0) {
    throw new MedsslError(
      "ERR_STATE_DICT",
      `Weights do not fit the network, in ${source}:\n  ${problems.join("\n  ")}`,
      {
        hint: "Patch size, width, depth and input size must be those that the weights were trained with.",
      },
    );
  }
  noGrad(() => {
    for (const name of common) own.get(name)!.copy_(given.get(name)!);
  });
}

const shapeText = ({ shape }: Tensor): string => `[${shape.join(", ")}]`;
