/** The package brings no types. */
declare module 'proxy-from-env' {
  /** The proxy for this URL by the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, ...), or an empty string. */
  export function getProxyForUrl(url: string): string
}
