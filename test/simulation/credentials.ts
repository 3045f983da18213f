import { CANARY } from "../../src/sandbox/auditor.ts";
import type { Credentials } from "../../src/sandbox/credentials.ts";

const lines = (...all: string[]) => `${all.join("\n")}\n`;

/** One account for every world: keys cannot be drawn from a seed. It opens nothing anywhere. */
export const CREDENTIALS: Credentials = {
  accountId: "a1b2c3d4",
  accountSecret: `${CANARY}-account-secret.0123456789abcdef`,
  applicationId: "5f0c3a52-2b1c-4b8e-9d9e-3f0f6f4d2c11",
  signatureSecret: `${CANARY}-signature-secret.0123456789abcdef0123456789abcdef`,
  privateKey: lines(
    "-----BEGIN PRIVATE KEY-----",
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC+U5Sm6dNM6K9I",
    "glRDcvVcMv48Y0pgVUy8VSM6LYPyn+7qlr6NoQjhq3zzIE+mfBR2o3keArEOy7+g",
    "+iOmIVj1kAcVxqNf0NHxTzpp6PGrLdYZFNsWvBgFSAeoN9aXXiQDx3WBnYkwwj4a",
    "IQFljDC7Kv2+7kYgJpq7N1kuKE5LdUI3IzJ5pqUi5IhAiGlk0OcSGdwqBLYCLEbP",
    "KnOJjeoYz4wABngp2cDEAuWuIjf1Gbwy1uO6Y0npuK+AIdhv68zsdIwWUi4NOJ8t",
    "x1DfcbEpSajqli4YwKxdMYyHq2KBNLatqLntiehhB5Rj8Gm8+mTL56JhtIVM9VHn",
    "NiOxB6I9AgMBAAECggEABYZIoU4fTze7a6URrk1i6V73IJquyhxFdiArhuxTFcdh",
    "mtBltzxdS/SAHPVCG8L+e8hmDEuQxxHG5yuPB2sC4qWXOMWzea5Y3t4JVkhRCF3h",
    "xqzRMjgjI1vSWxPp2mFztYdfmqF0C5u+FTwCGUNjhN9Qsy8hoVM1is4CBYHdXDmH",
    "P0tGq6ue/DZ+vgAhxngagZDJjDX+QloF09vZ17O52P/1A9GoTBa7BhBatb4tyZb/",
    "DRtwoiIXx6O5+queodBHWdgddeen8QV6uF1wl6aVonW+CkggzdP13oj6A2Pd9vBl",
    "hVudFdU28JvYiflsr9h+0iC1HjkItuqWGArF1wiSAQKBgQDpdvAcuevrOT56UTXY",
    "26hEnK+pRvOQURPSm7SF0FPX8wgk0AndoC7DbNqdcf5BOWYjq8YX8+PH6oIOr5rO",
    "bAiaCTHSWP3PolmE3/Cp+IH66/Lr59DOjO09+4AmbN+HJQFNB4r5ko3JL4ia15Y1",
    "TLq2tPjkTudgGoNd3qhZxlAoPQKBgQDQsqwAxvspIVwGw8CeCX6hNJzEskng2tZn",
    "HYjz/4C749EPvGPOGUbpB0kq4VfVI/T9F5aE3XcQwutWkYjIEIBRm0iMTKmPNbFA",
    "zZftf0cCz2Ux+tebGbOlQklGy8tctxR2LFMRpi9VTQGmFa3G0ls5yvZwDM/HJHUJ",
    "lNR0g3MCAQKBgQDY7otuJdPxXd+QCKXgOzq/hlgzEpp/Htcse0HilRFTN5/5lNWV",
    "+aF6NUttwN5f/NXLj3EiEJ02xdDTlJhj9j6H4sNIkShGJrTHos4dIaylW1j9mwmK",
    "46gOUANjsQaCrP/oc3nPLT5SErj8KBaKsCFOZBphCnAz/G7UanBD+uHAgQKBgAWY",
    "VK4sp30hzNLNmrNh88gknfNUCFED7O2UyCAqgGwJHoi6dz6GRPVoYZjJs84eCapj",
    "YICtY0zKvP50JmOetaH6dMZ2I7GYMelX2bPfTqsPnlnprLAWz08l6MsCGbCho+XL",
    "KGr3tpsl1l56hE8pQpLZEyRL46ImIxEfsVZyU7oBAoGBANb8Iax6CDIV166XxjJn",
    "w/jQcZem+Gve51fXoFrsiAGm9EV3XxjUMxm6Ih5vPvew9n6HNwFYsqFXrr3AePyF",
    "palg7pAE7t5JMlPkmxu4mG3icloDShBQOCLiKHgvU4pMKVG0Sk6HY5awqlmJpmlS",
    "F4xO6YUtxiF9izlqc17z7zru",
    "-----END PRIVATE KEY-----",
  ),
  publicKey: lines(
    "-----BEGIN PUBLIC KEY-----",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvlOUpunTTOivSIJUQ3L1",
    "XDL+PGNKYFVMvFUjOi2D8p/u6pa+jaEI4at88yBPpnwUdqN5HgKxDsu/oPojpiFY",
    "9ZAHFcajX9DR8U86aejxqy3WGRTbFrwYBUgHqDfWl14kA8d1gZ2JMMI+GiEBZYww",
    "uyr9vu5GICaauzdZLihOS3VCNyMyeaalIuSIQIhpZNDnEhncKgS2AixGzypziY3q",
    "GM+MAAZ4KdnAxALlriI39Rm8MtbjumNJ6bivgCHYb+vM7HSMFlIuDTifLcdQ33Gx",
    "KUmo6pYuGMCsXTGMh6tigTS2rai57YnoYQeUY/BpvPpky+eiYbSFTPVR5zYjsQei",
    "PQIDAQAB",
    "-----END PUBLIC KEY-----",
  ),
};
