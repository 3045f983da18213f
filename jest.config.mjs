import { availableParallelism } from "node:os";

const swc = {
  jsc: {
    target: "es2023",
    parser: { syntax: "typescript" },
    experimental: { keepImportAttributes: true },
  },
  module: { type: "es6" },
};

// biome-ignore lint/style/noDefaultExport: where Jest looks for it
export default {
  testEnvironment: "node",
  // Far above what any test needs: it may share the machine with others.
  testTimeout: 180_000,
  // Half of a journey is waiting for an answer.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  roots: ["<rootDir>/test"],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "^.+\\.ts$": ["@swc/jest", swc] },
  coverageProvider: "v8",
  collectCoverageFrom: ["src/**/*.ts"],
};
