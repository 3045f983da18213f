import { type LookupAddress, lookup } from "node:dns";
import { BlockList, type LookupFunction } from "node:net";

/** Error code of a host name that leads nowhere but into a private network. */
export const PRIVATE_ADDRESS = "ERR_PRIVATE_ADDRESS";

/** https://www.iana.org/assignments/iana-ipv4-special-registry and the one for IPv6. */
const PRIVATE_RANGES: [network: string, prefix: number, family: "ipv4" | "ipv6"][] = [
  ["0.0.0.0", 8, "ipv4"],
  ["10.0.0.0", 8, "ipv4"],
  ["100.64.0.0", 10, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["172.16.0.0", 12, "ipv4"],
  ["192.0.0.0", 24, "ipv4"],
  ["192.168.0.0", 16, "ipv4"],
  ["198.18.0.0", 15, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  ["::", 127, "ipv6"],
  ["fc00::", 7, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
  ["64:ff9b:1::", 48, "ipv6"],
  ["2002::", 16, "ipv6"],
];

const blocked = new BlockList();
for (const [network, prefix, family] of PRIVATE_RANGES) {
  blocked.addSubnet(network, prefix, family);
  // A gateway between the families (RFC 6052) leads to the same places; public ones stay reachable behind it.
  if (family === "ipv4") blocked.addSubnet(`64:ff9b::${network}`, 96 + prefix, "ipv6");
}

export function isPrivateAddress({ address, family }: LookupAddress): boolean {
  return blocked.check(address, family === 6 ? "ipv6" : "ipv4");
}

/** Resolves a name as `dns.lookup` does, without its private addresses; `localhost` is itself. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const usable = error ? [] : found.filter((entry) => hostname === "localhost" || !isPrivateAddress(entry));
    const [first] = usable;
    if (first === undefined) {
      callback(
        error ?? Object.assign(new Error("The name leads into a private network"), { code: PRIVATE_ADDRESS }),
        "",
        0,
      );
      return;
    }
    if (options.all) callback(null, usable);
    else callback(null, first.address, first.family);
  });
};
