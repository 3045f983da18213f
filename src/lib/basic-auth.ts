/** The value of an Authorization header. https://datatracker.ietf.org/doc/html/rfc7617 */
export const basicAuth = (name: string, secret: string) =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
