import { readFileSync } from 'node:fs';
import commonjs from '@rollup/plugin-commonjs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import terser from '@rollup/plugin-terser';
import { dts } from 'rollup-plugin-dts';
import esbuild from 'rollup-plugin-esbuild';
import { resolve } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import license from 'rollup-plugin-license';
import sbom from 'rollup-plugin-sbom';

"use strict";
const atStart = (id, { getModuleInfo }) => {
  const needs = (entry) => {
    const found = /* @__PURE__ */ new Set([resolve(entry)]);
    for (const each of found) for (const next of getModuleInfo(each)?.importedIds ?? []) found.add(next);
    return found.has(id);
  };
  return needs("src/core/exports.ts") ? "core" : needs("src/adapters/node/exports.ts") ? "node" : null;
};
const sharedTypes = (id) => {
  if (!/\/src\/core\/|\/jose\//.test(id) || id.endsWith("/exports.ts")) return null;
  return /(ports|errors|events)\.ts$/.test(id) ? "ports" : "library";
};

"use strict";
const entriesOf = (bundle) => Object.values(bundle).filter(
  (each) => each.type === "chunk" && each.isEntry && each.exports.length > 0
);
const commonJsEntries = {
  name: "commonjs-entries",
  generateBundle(_, bundle) {
    this.emitFile({ type: "asset", fileName: "node/cli.js", source: "#!/usr/bin/env node\nimport './cli.cjs'\n" });
    for (const { name, exports } of entriesOf(bundle)) {
      const members = exports.toSorted().map((each) => `export const ${each} = implementation.${each}
`);
      this.emitFile({
        type: "asset",
        fileName: `node/${name}.cjs`,
        source: `const implementation = require('./${name}-implementation.cjs')
module.exports = implementation
`
      });
      this.emitFile({
        type: "asset",
        fileName: `node/${name}.js`,
        source: `import implementation from './${name}.cjs'

${members.join("")}
export default implementation
`
      });
    }
  }
};
const scriptTags = { page: "imskit", "page-login": "imskit.login" };
const reexports = (from) => `export * from '${from}';
export * as default from '${from}';
`;
const moduleExports = (from) => `import implementation = require('${from}');
export = implementation;
`;
const globalScript = `declare global {
  const imskit: typeof import('./types/shared/page.cjs');
}
export {};
`;
const typesOfEntries = {
  name: "types-of-entries",
  generateBundle(_, bundle) {
    const files = { "imskit.global.d.ts": globalScript };
    for (const { name } of entriesOf(bundle)) {
      const script = scriptTags[name];
      if (script !== void 0) files[`${script}.d.ts`] = reexports(`./types/shared/${name}.cjs`);
      else {
        files[`types/${name}.d.ts`] = reexports(`./shared/${name}.cjs`);
        files[`types/${name}.d.cts`] = moduleExports(`./shared/${name}-default.cjs`);
        files[`types/shared/${name}-default.d.cts`] = reexports(`./${name}.cjs`);
      }
    }
    for (const [fileName, source] of Object.entries(files)) this.emitFile({ type: "asset", fileName, source });
  }
};

"use strict";
const placesOnly = {
  name: "places-only",
  generateBundle: {
    order: "post",
    handler(_, bundle) {
      const maps = Object.values(bundle).filter(
        (file) => file.type === "asset" && file.fileName.endsWith(".map")
      );
      if (maps.length === 0) this.error("there is no source map");
      for (const file of maps) {
        const map = JSON.parse(String(file.source));
        const lines = decode(map.mappings).map(
          (line) => line.map((segment) => {
            const [column] = segment;
            return segment.length === 1 ? [column] : [column, segment[1], segment[2], segment[3]];
          })
        );
        file.source = JSON.stringify({ ...map, names: [], mappings: encode(lines) });
      }
    }
  }
};

"use strict";
const byName = (one, other) => String(one.name) < String(other.name) ? -1 : 1;
const notice = ({ name, version, license: id, licenseText, noticeText, repository }) => {
  if (!licenseText) throw new Error(`${name} is bundled and has no license text`);
  const address = typeof repository === "string" ? repository : repository?.url;
  return [`${name} ${version}`, `${id}, ${address}`, licenseText, noticeText].filter(Boolean).join("\n\n");
};
const notices = license({
  thirdParty: {
    includePrivate: false,
    output: {
      file: "dist/THIRD_PARTY_NOTICES",
      template: (dependencies) => `The files of this package contain the software below.

${[...dependencies].sort(byName).map(notice).join(`

${"-".repeat(80)}

`)}
`
    }
  }
});
const billOfMaterials = sbom({
  outDir: "./",
  outFilename: "bom.cdx",
  outFormats: ["json"],
  rootComponentType: "library",
  includeWellKnown: false,
  saveTimestamp: false
});

"use strict";
const onLog = (level, log, handler) => {
  if (level === "warn") throw new Error(`${log.code}: ${log.message}`);
  handler(level, log);
};
function wanted(builds) {
  const chosen = (process.env.ONLY?.split("+") ?? Object.keys(builds)).flatMap((name) => {
    const build = builds[name];
    if (build === void 0) throw new Error(`there is no build ${name}, but ${Object.keys(builds).join(", ")}`);
    return build;
  });
  return chosen.map((build) => ({ ...build, onLog, maxParallelFileOps: 1 }));
}

"use strict";
const { dependencies, peerDependencies, version } = JSON.parse(readFileSync("package.json", "utf8"));
const folders = {
  core: "src/core",
  node: "src/adapters/node",
  browser: "src/adapters/browser",
  worker: "src/adapters/worker",
  emulator: "src/emulator",
  testing: "src/testing"
};
const ofEach = (name) => Object.fromEntries(Object.entries(folders).map(([entry, folder]) => [entry, `${folder}/${name}.ts`]));
const context = { context: "src/adapters/node/context.ts" };
const pages = { page: "src/adapters/browser/page.ts", "page-login": "src/adapters/browser/page-login.ts" };
const named = (name) => new RegExp(`^${name}(/|$)`);
const declared = Object.keys(dependencies).map(named);
const never = [/^node:/, ...Object.keys(peerDependencies).map(named)];
const source = esbuild({
  include: /\.m?[jt]s$/,
  // also what is contained: its comments are a tenth of the package
  exclude: [],
  loaders: { ".mjs": "js" },
  target: "es2022",
  sourceMap: false,
  define: { __VERSION__: JSON.stringify(version) }
});
const resolving = nodeResolve({ extensions: [".ts", ".mjs", ".js"], preferBuiltins: true });
const scriptTag = (input, output) => ({
  input: `dist/esm/${input}.js`,
  plugins: [nodeResolve({ browser: true })],
  output: {
    ...output,
    inlineDynamicImports: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
    plugins: [terser({ ecma: 2020, compress: { passes: 3 } }), placesOnly]
  }
});
const { generateBundle: _, ...declarations } = dts({ tsconfig: "./tsconfig.json", includeExternal: ["jose"] });
const builds = {
  // for bundlers: a file for each module, so that an app leaves out what it does not use; what is declared stays an import
  esm: {
    input: { ...ofEach("index"), ...context, ...pages },
    external: [...declared, ...never],
    // or each module would import what its neighbours need, for nothing, and bundlers warn of it
    treeshake: { moduleSideEffects: "no-external" },
    plugins: [resolving, commonjs(), source],
    output: {
      dir: "dist/esm",
      preserveModules: true,
      preserveModulesRoot: "src",
      // npm packs no folder of this name
      entryFileNames: ({ name }) => `${name.replace("node_modules", "vendor")}.js`,
      hoistTransitiveImports: false
    }
  },
  // for Node: all entries share one implementation. `jose` and `oauth4webapi` are ES modules only, so they are inside
  node: {
    input: { ...ofEach("exports"), ...context, cli: "src/adapters/node/cli/main.ts" },
    external: never,
    preserveEntrySignatures: "strict",
    plugins: [resolving, commonjs(), source, notices, billOfMaterials],
    output: {
      dir: "dist",
      format: "cjs",
      exports: "named",
      entryFileNames: ({ name }) => `node/${name === "cli" ? name : `${name}-implementation`}.cjs`,
      chunkFileNames: "node/shared/[name].cjs",
      // members of `module.exports` are plain data, and `require` works without flags in Jest's environments
      externalLiveBindings: false,
      dynamicImportInCjs: false,
      // contained CommonJS takes a built-in module whole (hjson: `os`); our own imports take names from it
      interop: (id) => never.some((name) => name.test(id ?? "")) ? "esModule" : "default",
      hoistTransitiveImports: false,
      manualChunks: atStart,
      onlyExplicitManualChunks: true,
      footer: ({ isEntry, exports }) => isEntry && exports.length > 0 ? "module.exports.default = module.exports;" : "",
      plugins: [commonJsEntries]
    }
  },
  cdn: [
    scriptTag("page", { file: "dist/imskit.js", format: "es" }),
    scriptTag("page-login", { file: "dist/imskit.login.js", format: "es" }),
    scriptTag("adapters/browser/exports-page", { file: "dist/imskit.global.js", format: "iife", name: "imskit" })
  ],
  types: {
    input: {
      ...ofEach("exports"),
      ...context,
      page: "src/adapters/browser/exports-page.ts",
      "page-login": "src/adapters/browser/exports-login.ts"
    },
    external: never,
    plugins: [declarations],
    output: {
      dir: "dist",
      entryFileNames: "types/shared/[name].d.cts",
      chunkFileNames: "types/shared/[name].d.cts",
      manualChunks: sharedTypes,
      onlyExplicitManualChunks: true,
      minifyInternalExports: false,
      plugins: [typesOfEntries]
    }
  }
};
var rollup_config = wanted(builds);

export { rollup_config as default };
