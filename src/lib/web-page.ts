/** Whether an answer is a web page: what a gateway says in place of whoever was asked, also with status 200. */
export const isPage = (text: string): boolean => text.trimStart().startsWith("<");
