import { type Post, postCallbackTo } from "../callback.ts";
import type { Dsn } from "./contract.ts";

/** Posts one delivery status notification with the token that WebEngage gave. Rejects as postCallbackTo does. */
export const postDsn = (post: Post, url: string, token: string, dsn: Dsn): Promise<void> =>
  postCallbackTo("WebEngage", post, url, dsn, { authorization: `Bearer ${token}` });
