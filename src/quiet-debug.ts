/**
 * The Vonage SDKs print tokens, bodies and the private key when DEBUG names them, and look at it once, when they
 * are loaded. So this is imported before them; `true` alone has a meaning of ours.
 */
if (process.env["DEBUG"] !== "true") delete process.env["DEBUG"];
