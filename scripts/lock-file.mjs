/**
 * @typedef {object} LockedPackage
 * @property {string} [version]
 * @property {string} [license]
 * @property {boolean} [dev]
 * @property {Record<string, string>} [engines]
 * @property {Record<string, string>} [optionalDependencies]
 */
/** @typedef {{ packages: Record<string, LockedPackage> }} LockFile */

/**
 * The optional packages that locked packages name, but that are not locked themselves: what is built for one platform,
 * such as `@biomejs/cli-darwin-arm64`.
 * @param {LockFile} lock
 */
export function missingPackages(lock) {
  /** @type {Record<string, object>} */
  const missing = {};
  for (const parent of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (lock.packages[`node_modules/${name}`] !== undefined) continue;
      const [os, cpu, abi] = name.replace(/^.*\/[a-z]+-/, "").split("-");
      missing[`node_modules/${name}`] = {
        version,
        cpu: [cpu],
        ...(parent.dev && { dev: true }),
        ...(os === "linux" && abi !== undefined && { libc: [abi.startsWith("musl") ? "musl" : "glibc"] }),
        license: parent.license,
        optional: true,
        os: [os],
        engines: parent.engines,
      };
    }
  }
  return missing;
}
