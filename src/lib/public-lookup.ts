import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

/** Error code of a host name that leads nowhere but into a private network. */
export const PRIVATE_ADDRESS = "ERR_PRIVATE_ADDRESS";

/** A gateway between the families leads to the IPv4 address in the last four bytes. RFC 6052, section 2.1 */
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");
/** All that was ever given out of IPv6. https://www.iana.org/assignments/ipv6-address-space */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether an address is one of the public Internet: no range of
 * https://www.iana.org/assignments/iana-ipv4-special-registry or of the one for IPv6 holds it.
 */
export function isPublicAddress(text: string): boolean {
  // A zone may have a name that the parser does not know; who needs a zone is on our own network.
  if (!ipaddr.isValid(text)) return false;
  // An IPv4 address in IPv6 notation becomes IPv4.
  const address = ipaddr.process(text);
  if (address instanceof ipaddr.IPv4) return address.range() === "unicast";
  if (address.match(NAT64)) return new ipaddr.IPv4(address.toByteArray().slice(12)).range() === "unicast";
  return address.match(GLOBAL_UNICAST) && address.range() === "unicast";
}

/** Resolves a name as `dns.lookup` does, without its private addresses; `localhost` is itself. */
export const publicLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const usable = error
      ? []
      : found.filter(({ address }) => hostname === "localhost" || isPublicAddress(address));
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
