// The Vonage SDKs print tokens, bodies and the private key when DEBUG names them, and look at it once, when they
// are loaded; so everything that loads them comes after this. `true` alone has a meaning of ours.
if (process.env["DEBUG"] !== "true") delete process.env["DEBUG"];

await import("./run.ts");

export {};
