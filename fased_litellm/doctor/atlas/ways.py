"""What stands before a proxy or in its place, and the way there. No proxy is needed to see these."""

from __future__ import annotations

from typing import Final

from .case import Case

_IT: Final = "scripted"

CASES = (
    Case("nothing-listens", "the proxy is not running", None, None, "Nothing answers at", "connect-refused", _IT),
    Case("unknown-host", "the host of the base URL does not resolve", None, None, "does not resolve", "dns", _IT),
    Case("no-host", "the host of the base URL is not a host name", None, None, "is not a host name", "bad-host", _IT),
    Case("private-address", "a private address, and `allowPrivateNetwork` is not set", None, None, "Blocked", "address-blocked", _IT),
    Case("metadata-address", "`http://169.254.169.254`", None, None, "is a link-local or cloud metadata address", "address-blocked", _IT),
    Case("https-for-http", "`https://` in the base URL, where plain http is spoken", None, None, "TLS with", "tls", _IT),
    Case("untrusted-certificate", "a certificate of an authority that is not trusted", None, None, "TLS with", "tls", _IT),
    Case("client-certificate-wanted", "a proxy, or a server in front of it, that requires a client certificate", None, None, "TLS with", "tls-client-certificate", _IT),
    Case("nginx-wants-a-certificate", "nginx that wants a client certificate: a web page with status 400", 400, None, "No required SSL certificate was sent", "tls-client-certificate", _IT),
    Case("other-host-name", "a certificate for another host", None, None, "TLS with", "tls-host-name", _IT),
    Case("expired-certificate", "a certificate that has expired", None, None, "TLS with", "tls-expired", _IT),
    Case("no-trust-file", "`SSL_CERT_FILE` names a file that is not there", None, None, "TLS with", "tls-trust-file", _IT),
    Case("http-for-https", "`http://` in the base URL, where TLS is spoken", None, None, "The connection to", "connection-lost", _IT),
    Case("not-http", "another program, which does not speak HTTP", None, None, "does not speak HTTP", "not-http", _IT),
    Case("silence", "the proxy does not answer in time", None, None, "did not answer within", "timeout", _IT),
    Case("cut-before-the-answer", "the connection breaks off before the answer", None, None, "The connection to", "connection-lost", _IT),
    Case("cut-in-the-answer", "the connection breaks off in the answer", None, None, "The connection to", "connection-lost", _IT),
    Case("endless-answer", "an answer of more than 4 MiB", None, None, "is larger than", "too-large", _IT),
    Case("compressed-answer", "a compressed answer, though none was asked for", None, None, "is compressed", "bad-answer", _IT),
    Case("bad-header", "a key with a line break in it", None, None, "holds characters which HTTP does not allow", "bad-header", _IT),
    Case("web-page", "a web page with status 200", 200, None, "The answer is an HTML page.", "not-litellm", _IT),
    Case("redirect-to-another-host", "a redirect to another host", None, None, "which is not followed", "redirected", _IT),
    Case("redirect-to-a-login", "a login before the proxy, such as Cloudflare Access, redirects to its page", None, None, "where somebody is to log in", "login-before-proxy", _IT),
    Case("login-page", "a login before the proxy answers with its page, with status 200", 200, None, "a web page to log in", "login-before-proxy", _IT),
    Case("gateway-page-502", "nginx with no proxy behind it: a web page with status 502", 502, None, "an HTML page", "gateway-down", _IT),
    Case("gateway-page-504", "nginx that gave up: a web page with status 504", 504, None, "an HTML page", "gateway-timeout", _IT),
    Case("bare-429", "something before the proxy limits the rate", 429, None, "slow down", "rate-limit", _IT),
    Case("bare-413", "something before the proxy takes no more than so many bytes", 413, None, "an HTML page", "request-too-large", _IT),
    Case("bare-401", "something before the proxy wants other credentials", 401, None, "an HTML page", "login-before-proxy", _IT),
    Case("bare-403", "something before the proxy refuses", 403, None, "an HTML page", "login-before-proxy", _IT),
    Case("wordless-401", "a refusal as JSON in words that are not known", 401, None, "Not with this.", "unauthorized", _IT),
    Case("wordless-403", "the same with status 403", 403, None, "Not with this.", "forbidden", _IT),
    Case("bare-500", "the proxy crashes", 500, None, "Internal Server Error", "gateway-error", _IT),
    Case("old-defect", "LiteLLM 1.72 started with `--model`", 500, None, "'NoneType' object has no attribute 'acompletion'", "gateway-defect", _IT),
    Case("stream-without-end", "a stream that ends without its end mark", None, None, "the stream ended without its end mark", "stream-cut", _IT),
    Case("teapot", "an unknown status", 418, None, "teapot", "unknown", _IT),
)  # fmt: skip
