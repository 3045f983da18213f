/** The value of an Authorization header. https://datatracker.ietf.org/doc/html/rfc7617 */
export const basicAuth = (name: string, secret: string) =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;

/** Whether an answer is a web page: what a gateway says in place of whoever was asked, also with status 200. */
export const isWebPage = (text: string): boolean => text.trimStart().startsWith("<");
