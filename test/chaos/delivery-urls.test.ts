import { describe, expect, it } from "@jest/globals";
import { createHttpClient } from "../../src/lib/http-client.ts";
import { isPrivateAddress, PRIVATE_ADDRESS, publicLookup } from "../../src/lib/public-lookup.ts";
import { createPost, postCallbackTo } from "../../src/platforms/callback.ts";
import { serve } from "../../src/sandbox/server.ts";

const family = (address: string) => (address.includes(":") ? 6 : 4);

describe("an address", () => {
  it.each([
    ...["0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.9.9.9"],
    ...["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "198.18.0.1", "224.0.0.1"],
    ...["255.255.255.255", "::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "ff02::1"],
    ...["::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe"],
    // An IPv4 address inside an IPv6 one, for a gateway to unpack.
    ...["64:ff9b::a00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:a00:1::1", "2002:808:808::1"],
  ])("inside is kept out: %s", (address) => {
    expect(isPrivateAddress({ address, family: family(address) })).toBe(true);
  });

  it.each([
    "8.8.8.8",
    "172.32.0.1",
    "100.128.0.1",
    "11.0.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
  ])("outside is let through: %s", (address) => {
    expect(isPrivateAddress({ address, family: family(address) })).toBe(false);
  });
});

describe("a host name", () => {
  const look = (name: string, all: boolean) =>
    new Promise((resolve) =>
      publicLookup(name, { all }, (error, address, found) => resolve(error ? error.code : [address, found])),
    );

  it.each([
    ["10.1.2.3", true],
    ["10.1.2.3", false],
    ["127.0.0.1", true],
    ["::1", true],
  ])("that leads inside is not found: %s", async (name, all) => {
    expect(await look(name, all)).toBe(PRIVATE_ADDRESS);
  });

  it.each([
    [true, [[{ address: "192.0.2.7", family: 4 }], undefined]],
    [false, ["192.0.2.7", 4]],
  ])("that leads outside is found, all %s", async (all, found) => {
    expect(await look("192.0.2.7", all)).toEqual(found);
  });

  it("that says localhost means it", async () => {
    expect(await look("localhost", true)).not.toBe(PRIVATE_ADDRESS);
  });
});

describe("a delivery URL", () => {
  it("that redirects is not followed: the report is owed, and nobody else gets it", async () => {
    const strangers: string[] = [];
    const stranger = await serve(0, ({ path }) => {
      strangers.push(path);
      return { status: 200 };
    });
    const platform = await serve(0, () => ({
      status: 307,
      headers: { location: `${stranger.url}/stolen` },
    }));
    const httpClient = createHttpClient(2, { publicAddressesOnly: true });
    const told = postCallbackTo("Platform", createPost(httpClient), `${platform.url}/dlr`, { statuses: [] });
    await expect(told).rejects.toMatchObject({ code: "platform_unavailable", retryable: true });
    expect(strangers).toEqual([]);
    await Promise.all([httpClient.close(), platform.stop(), stranger.stop()]);
  });
});
