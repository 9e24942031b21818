//! The table of verdicts: every example of contract §3, and the origins of hardening §3 rows 24
//! and 26. A row reads `settings | Origin | rule that admits, or code that refuses`; settings are
//! `name=value` with `;` between them, `-` for none. In the Origin, `\t` is a tab.

/// `FLASK_HOST`, `FLASK_PORT` and `BELLGATE_PUBLIC_URL`.
pub(crate) const GENERATED: &str = r"
- | http://localhost:5000 | listed
- | https://localhost:5000 | listed
- | http://127.0.0.1:5000 | listed
- | https://127.0.0.1:5000 | listed
- | http://[::1]:5000 | listed
- | https://[::1]:5000 | listed
- | http://localhost:3000 | origin_port_mismatch
- | http://localhost | origin_port_mismatch
- | http://127.0.0.2:5000 | origin_host_not_allowed
- | http://app.localhost:5000 | origin_host_not_allowed
- | http://evil.example | origin_host_not_allowed
host=127.0.0.1;port=8000 | http://localhost:8000 | listed
host=::1;port=8000 | http://127.0.0.1:8000 | listed
host=[::1];port=8000 | http://[::1]:8000 | listed
host=LocalHost;port=8000 | http://[::1]:8000 | listed
host=app.example;port=8000 | http://app.example:8000 | listed
host=app.example;port=8000 | https://app.example:8000 | listed
host=app.example;port=8000 | http://localhost:8000 | origin_host_not_allowed
host=app.example;port=80 | http://app.example | listed
host=app.example;port=80 | https://app.example:80 | listed
host=app.example;port=80 | https://app.example | origin_scheme_mismatch
host=app.example;port=443 | https://app.example | listed
host=2001:db8::5;port=8000 | http://[2001:DB8:0::5]:8000 | listed
host=bücher.example;port=80 | http://xn--bcher-kva.example | listed
host=;port=5000 | http://localhost:5000 | listed
host=0.0.0.0;port=5000 | http://localhost:5000 | listed
host=0.0.0.0;port=5000 | http://[::1]:5000 | listed
host=0.0.0.0;port=5000 | http://0.0.0.0:5000 | origin_host_not_allowed
host=::;port=5000 | http://127.0.0.1:5000 | listed
host=::;port=5000 | http://[::]:5000 | origin_host_not_allowed
public=https://app.example/shop?x=1 | https://app.example | listed
public=https://app.example | http://localhost:5000 | listed
public=https://app.example,https://b.example:8443 | https://b.example:8443 | listed
public=https://app.example | http://app.example | origin_scheme_mismatch
";

/// `FLASK_HOST` as people write it.
pub(crate) const REPAIRED: &str = r"
host= app.example ;port=8000 | http://app.example:8000 | listed
host=http://app.example;port=8000 | http://app.example:8000 | listed
host=http://app.example:9000/;port=5000 | http://app.example:9000 | listed
host=app.example:9000;port=5000 | http://app.example:9000 | listed
host=app.example:9000;port=8000 | http://app.example:8000 | listed
host=app.example:9000;port=8000 | http://app.example:9000 | origin_port_mismatch
host=[::1]:9000;port=5000 | http://localhost:9000 | listed
host=ftp://app.example;port=5000 | http://localhost:5000 | listed
host=app example;port=5000 | http://localhost:5000 | listed
host=a.example,b.example;port=5000 | http://a.example:5000 | origin_host_not_allowed
host=*;port=5000 | http://evil.example:5000 | origin_host_not_allowed
host=user@app.example;port=5000 | http://app.example:5000 | origin_host_not_allowed
";

/// `SOCKETIO_CORS_ORIGINS`.
pub(crate) const EXPLICIT: &str = r"
list=https://app.example | https://app.example | listed
list=https://app.example | http://localhost:5000 | origin_host_not_allowed
list=HTTPS://App.Example:443/ | https://app.example | listed
list=http://app.example:80 | http://app.example | listed
list= https://a.example , https://b.example | https://b.example | listed
list=https://bücher.example | https://xn--bcher-kva.example | listed
list=http://[0:0:0:0:0:0:0:1]:3000 | http://[::1]:3000 | listed
list=http://localhost:3000 | http://127.0.0.1:3000 | origin_host_not_allowed
list=capacitor://localhost | capacitor://localhost | listed
list=ionic://localhost | ionic://localhost | listed
list=tauri://localhost | tauri://localhost | listed
list=app://obsidian.md | app://obsidian.md | listed
list=chrome-extension://abcdefghijklmnop | chrome-extension://abcdefghijklmnop | listed
list=moz-extension://0-1-2 | moz-extension://0-1-2 | listed
list=safari-web-extension://0-1 | safari-web-extension://0-1 | listed
list=vscode-webview://abc | vscode-webview://abc | listed
list=https://app.example | capacitor://localhost | origin_host_not_allowed
list=https://app.example/path,ws://app.example | http://localhost:5000 | listed
list=https://app.example/path | https://app.example | origin_host_not_allowed
list=https://u@app.example,https://app.example:0 | https://app.example | origin_host_not_allowed
list=https://app.example:65536 | https://app.example | origin_host_not_allowed
list= | http://localhost:5000 | listed
list=https://app.example,b.example | http://localhost:5000 | origin_host_not_allowed
list=https://app.example,null | null | origin_null
";

/// `https://*.example.com`.
pub(crate) const PATTERNS: &str = r"
list=https://*.example.com | https://a.example.com | pattern
list=https://*.example.com | https://a.b.example.com | pattern
list=https://*.example.com | https://example.com | origin_host_not_allowed
list=https://*.example.com | https://evilexample.com | origin_host_not_allowed
list=https://*.example.com | https://a.example.com.evil | origin_host_not_allowed
list=https://*.example.com | https://a.example.com:8443 | origin_port_mismatch
list=https://*.example.com | http://a.example.com | origin_scheme_mismatch
list=https://*.example.com | https://*.example.com | origin_malformed
list=https://*.example.com,https://example.com | https://example.com | listed
list=https://a*.example.com | https://ab.example.com | origin_host_not_allowed
list=https://*.*.example.com | https://a.b.example.com | origin_host_not_allowed
list=*.example.com | https://a.example.com | origin_host_not_allowed
list=*://example.com | https://example.com | origin_host_not_allowed
";

/// `*` alone.
pub(crate) const STAR: &str = r"
list=* | https://evil.example | any
list=* | http://localhost:5000 | any
list=* | null | origin_null
list=* | https://a@evil.example | origin_malformed
";

/// Bellgate's own address.
pub(crate) const OWN: &str = r"
- | http://127.0.0.1:5001 | listed
list=https://app.example | http://localhost:5001 | listed
own=127.0.0.1;own_port=7000 | https://[::1]:7000 | listed
own=0.0.0.0;own_port=7000 | http://localhost:7000 | listed
own=0.0.0.0;own_port=7000 | http://0.0.0.0:7000 | origin_host_not_allowed
own=::;own_port=7000 | http://localhost:7000 | listed
own=10.1.2.3;own_port=7000 | http://10.1.2.3:7000 | listed
own=10.1.2.3;own_port=7000 | http://localhost:7000 | origin_port_mismatch
own=2001:db8::5;own_port=7000 | http://[2001:db8::5]:7000 | listed
own=127.0.0.1;own_port=0 | http://localhost | origin_port_mismatch
";

/// Production, and HTTPS alone.
pub(crate) const PRODUCTION: &str = r"
production;host=localhost;public=https://app.example | https://app.example | listed
production;host=localhost;public=https://app.example | http://app.example | insecure_origin
production;host=localhost;public=https://app.example | http://localhost:5000 | insecure_origin
production;host=localhost;public=https://app.example | https://localhost:5000 | origin_host_not_allowed
production;host=localhost;public=https://app.example | https://127.0.0.1:5001 | origin_host_not_allowed
production;host=0.0.0.0;public= | https://localhost:5000 | origin_host_not_allowed
production;host=app.example;public= | https://app.example:5000 | listed
production;host=app.example;public= | http://app.example:5000 | insecure_origin
production;host=localhost;public=http://app.example | https://app.example | origin_host_not_allowed
https;list= | https://localhost:5000 | listed
https;list= | http://localhost:5000 | insecure_origin
https;list=http://app.example,https://app.example | http://app.example | insecure_origin
https;list=http://*.app.example,https://app.example | http://a.app.example | insecure_origin
https;list=* | http://app.example | insecure_origin
https;list=* | https://app.example | any
https;list=capacitor://localhost | capacitor://localhost | listed
";

/// Texts that look like an entry.
pub(crate) const LOOK_ALIKES: &str = r"
list=https://example.com,http://127.0.0.1:3000 | https://evilexample.com | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | https://example.com.evil | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | https://a@example.com | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com@evil | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com. | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | https://xn--xample-2of.com | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | https://xn-- | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | http://[::ffff:127.0.0.1]:3000 | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | http://2130706433:3000 | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | http://0x7f.1:3000 | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com:443:80 | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com\t | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com/ | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com,https://evil | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com https://evil | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com#evil | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://example.com\.evil | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | https://sub.example.com | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | https://example.co | origin_host_not_allowed
list=https://example.com,http://127.0.0.1:3000 | example.com | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | file:// | origin_malformed
list=https://example.com,http://127.0.0.1:3000 |  | origin_malformed
list=https://example.com,http://127.0.0.1:3000 | NULL | origin_malformed
";

/// The origin `null`.
pub(crate) const NULL: &str = r"
- | null | origin_null
allow_null | null | null
allow_null | http://evil.example | origin_host_not_allowed
";
