import { describe, expect, it } from "@jest/globals";
import { isPublicAddress, PRIVATE_ADDRESS, publicLookup } from "../../src/lib/public-lookup.ts";

describe("isPublicAddress", () => {
  it.each([
    ...["0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.9.9.9"],
    ...["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "198.18.0.1", "224.0.0.1"],
    ...["192.0.0.8", "240.0.0.1", "255.255.255.255"],
    ...["::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "100::1"],
    ...["::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe"],
    // Whose zone no parser of addresses has to know.
    ...["fe80::1%eth0", "fe80::1%br-lan.100"],
    // An IPv4 address inside an IPv6 one, for a gateway or a tunnel to unpack.
    ...["64:ff9b::a00:1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "::ffff:0:a00:1", "::a00:1"],
    ...["2002:a00:1::1", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    // Documentation, benchmarks, tunnels' relays, and what was never given out.
    ...["192.0.2.7", "198.51.100.7", "203.0.113.7", "192.88.99.1", "2001:db8::1", "3fff::1", "2001:2::1"],
    ...["5f00::1", "4000::1"],
    ...["", "no address"],
  ])("keeps out: %s", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    ...["8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1"],
    ...["192.167.255.255", "192.169.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1"],
    ...["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
  ])("lets through: %s", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe("publicLookup", () => {
  const look = (name: string, all: boolean) =>
    new Promise((resolve) =>
      publicLookup(name, { all }, (error, address, found) => resolve(error ? error.code : [address, found])),
    );

  it.each([
    ["10.1.2.3", true],
    ["10.1.2.3", false],
    ["127.0.0.1", true],
    ["::1", true],
  ])("does not find what leads inside: %s", async (name, all) => {
    expect(await look(name, all)).toBe(PRIVATE_ADDRESS);
  });

  it.each([
    [true, [[{ address: "8.8.8.8", family: 4 }], undefined]],
    [false, ["8.8.8.8", 4]],
  ])("finds what leads outside, all %s", async (all, found) => {
    expect(await look("8.8.8.8", all)).toEqual(found);
  });

  it("takes localhost as meant", async () => {
    expect(await look("localhost", true)).not.toBe(PRIVATE_ADDRESS);
  });
});
