// The server from its sources. What is deployed begins in `boot.ts` instead.

// The Vonage SDKs print tokens, bodies and the private key when DEBUG names them, and look at it once, when they
// are loaded; so what loads them is imported after this. `true` alone has a meaning of ours.
if (process.env["DEBUG"] !== "true") delete process.env["DEBUG"];
await import("./serve.ts");
