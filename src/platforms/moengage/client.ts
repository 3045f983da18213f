import { type Post, postCallbackTo } from "../callback.ts";

export { createPost, type Post } from "../callback.ts";

/** Posts one callback, without credentials: MoEngage takes reports by the URL alone. Rejects as postCallbackTo does. */
export const postCallback = (post: Post, url: string, body: object): Promise<void> =>
  postCallbackTo("MoEngage", post, url, body);
