# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users write of sites, backends and settings, documented once."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of ``_haproxy/options.py``."""

    DOCUMENTATION = r"""
options:
  sites:
    description: Sets of domains that are served together; the variable C(haproxy_sites).
    type: list
    elements: dict
    suboptions:
      name:
        description: What it is called in maps and messages; by default its first domain.
        type: str
      domains:
        description:
          - Its domains. Internationalised names become A-labels.
          - C(*.example.org) covers names with one more label; a CA does not issue it by HTTP-01.
        type: list
        elements: str
        required: true
      backend:
        description: Name of the backend of all requests that no route or redirect takes.
        type: str
      routes:
        description: Paths, or hosts, that go to another backend. The longest path wins.
        type: list
        elements: dict
        suboptions:
          path:
            description: C(/blog) takes C(/blog) and all below it, not C(/blogger).
            type: str
          host: {description: "One of the site's domains; by default all.", type: str}
          backend: {description: "Name of a backend.", type: str, required: true}
      redirects:
        description: Paths, or hosts, that are sent elsewhere. Takes part in the longest match.
        type: list
        elements: dict
        suboptions:
          path: {description: "This path and all below it.", type: str}
          host: {description: "One of the site's domains; by default all.", type: str}
          to: {description: "URL or path.", type: str, required: true}
          code: {description: "One of 301, 302, 303, 307, 308; by default 308.", type: int}
          keep_path:
            description: Put the request's path and query behind O(sites[].redirects[].to); by
              default where no path is given.
            type: bool
      https_redirect:
        description:
          - Send http to https with 308, the challenge path of ACME excepted. By default true.
          - If false, the site is served by http as well.
        type: bool
      hsts:
        description:
          - Strict-Transport-Security on https; C(false) for none. By default none where
            O(sites[].https_redirect) is false.
          - Else any of C(max_age) (seconds, 63072000), C(include_subdomains) (false), C(preload)
            (false; needs the other two).
        type: raw
      headers:
        description: Headers that are set, or removed where the value is null.
        type: dict
        suboptions:
          request:
            description:
              - Name and value, towards the backend. The value is taken as it is; a mapping of
                C(log_format) to a format lets HAProxy evaluate it.
            type: dict
          response:
            description: The same, towards the client.
            type: dict
      lines:
        description:
          - Raw rules, as a list or a block of text. Each acts for this site's requests only.
          - C(acl), C(http-request), C(http-response), C(http-after-response), C(redirect) and
            C(use_backend); ACLs of a site are its own.
        type: raw
      certificate:
        description:
          - C(false) for none. Else any of C(name), C(key_types) (C(ecdsa), C(rsa)), C(profile),
            C(preferred_chain), C(source) (C(acme), C(certbot), C(provided), C(selfsigned)).
          - By default one certificate over all domains of the site.
          - For a PEM of your own say C(source=provided) and put key and chain into the variable
            C(certificates_provided), under the certificate's name.
        type: raw
  backends:
    description: Where requests go; the variable C(haproxy_backends).
    type: list
    elements: dict
    suboptions:
      name: {description: "Its name.", type: str, required: true}
      servers:
        description: Listed servers.
        type: list
        elements: dict
        suboptions:
          name: {description: "Its name; by default made of the address.", type: str}
          address: {description: "IP address or name.", type: str, required: true}
          port: {description: "TCP port; by default O(backends[].port).", type: int}
          weight: {description: "0 to 256.", type: int}
          backup: {description: "Serves only while no other does. By default false.", type: bool}
          maxconn: {description: "Most connections at once; more wait.", type: int}
          server_name: {description: "As O(backends[].server_name).", type: str}
          lines:
            description: Raw words put behind the server, such as C(slowstart 30s).
            type: raw
      servers_from_group:
        description:
          - Group of the inventory whose hosts are the servers, at C(edge_address), else
            C(ansible_host), else their inventory name.
        type: str
      port:
        description: Port of a group's hosts (80), or of listed servers that have none.
        type: int
      origin:
        description:
          - C(https://host) or C(http://host:port) of somebody else's server. It is asked for by its
            own name (SNI, Host), verified, and resolved again and again while HAProxy runs.
        type: str
      check:
        description:
          - C(false) for no health checks; by default a connection.
          - Any of C(path) (asks by HTTP), C(method) (GET), C(status) (C(200-399)), C(host),
            C(interval), C(rise), C(fall), C(port).
        type: raw
      balance:
        description: How the next server is chosen; by default C(roundrobin).
        type: str
        choices: [roundrobin, leastconn, random, source, first, uri]
      stickiness:
        description:
          - C(cookie), or a mapping of C(cookie) (name) and C(secure) (true), keeps a client at a
            server by a cookie; C(source) by its address; C(false) not at all.
        type: raw
      timeouts:
        description: Durations such as C(15s) or C(1h).
        type: dict
        suboptions:
          check: {description: "For a health check to answer.", type: str}
          connect: {description: "For a connection to a server.", type: str}
          queue: {description: "For a free slot of a server.", type: str}
          server: {description: "For a server's next data.", type: str}
          server_fin: {description: "For a half-closed server.", type: str}
          tunnel: {description: "For upgraded connections such as WebSockets.", type: str}
      tls:
        description:
          - C(off), C(verify), or C(insecure_no_verification).
          - By default C(verify) for an https origin, for port 443, and where
            O(backends[].ca_file) or O(backends[].server_name) is given; else C(off).
        type: raw
      ca_file:
        description: File on the balancer with the CAs that servers are trusted by; by default those
          that the host trusts.
        type: str
      server_name:
        description: What the servers' certificates must say, and the SNI sent; by default the
          server's address, where that is a name.
        type: str
      http2:
        description: Offer HTTP/2 to servers over TLS. By default false.
        type: bool
      retries: {description: "Tries after the first.", type: int}
      host_header:
        description: What servers see as Host; by default an origin's name, else what the client
          sent. C(false) is what the client sent.
        type: raw
      lines:
        description: Raw lines of the backend, as a list or a block of text.
        type: raw
  global:
    description: Settings of the process; the variable C(haproxy_global).
    type: dict
    suboptions:
      maxconn:
        description: Most connections at once; by default what the limit of open files allows.
        type: int
      nbthread: {description: "Threads; by default one for each CPU.", type: int}
      hard_stop_after:
        description: When what is still open on the old process of a reload is cut; by default 15m.
        type: str
      user: {description: "By default C(haproxy).", type: str}
      group: {description: "By default C(haproxy).", type: str}
      chroot: {description: "Folder; by default C(/var/lib/haproxy). C(false) for none.", type: raw}
      logs:
        description: What stands behind C(log); by default C(/dev/log local0).
        type: list
        elements: str
      tls_policy:
        description: Mozilla's guidelines 6.0; by default C(intermediate), TLS 1.2 and 1.3.
        type: str
        choices: [intermediate, modern]
      lines:
        description: Raw lines, put at the end of the section.
        type: raw
  defaults:
    description: What all proxies inherit; the variable C(haproxy_defaults).
    type: dict
    suboptions:
      timeouts:
        description: Durations such as C(15s) or C(1h).
        type: dict
        suboptions:
          check: {description: "By default 5s.", type: str}
          client: {description: "By default 50s.", type: str}
          client_fin: {description: "By default 5s.", type: str}
          connect: {description: "By default 5s.", type: str}
          http_keep_alive:
            description: By default 15s; keep it far below the hard stop.
            type: str
          http_request: {description: "By default 10s.", type: str}
          queue: {description: "By default 10s.", type: str}
          server: {description: "By default 50s.", type: str}
          server_fin: {description: "By default none.", type: str}
          tunnel: {description: "By default 1h.", type: str}
      retries: {description: "Tries after the first; by default 3.", type: int}
      log_format: {description: "By default HAProxy's C(httplog).", type: str}
      lines:
        description: Raw lines, for proxies in HTTP mode.
        type: raw
  listeners:
    description: Where the balancers listen; the variable C(haproxy_listeners).
    type: dict
    suboptions:
      http:
        description: Plain HTTP; the challenge path, and redirects to https.
        type: dict
        suboptions:
          binds:
            description: Addresses; by default C(:80).
            type: list
            elements: str
          options:
            description: Raw words behind each bind, such as C(accept-proxy).
            type: str
          lines:
            description: Raw lines of the proxy; they act on the requests of all sites.
            type: raw
      https:
        description: HTTPS.
        type: dict
        suboptions:
          binds:
            description: Addresses such as C(:443), C(192.0.2.1:443), C([2001:db8::1]:443).
            type: list
            elements: str
          options:
            description: Raw words behind each bind, such as C(accept-proxy).
            type: str
          lines:
            description: Raw lines of the proxy; they act on the requests of all sites.
            type: raw
      ops:
        description: Health at C(/healthz), statistics at C(/stats), Prometheus at C(/metrics).
        type: dict
        suboptions:
          binds:
            description: Addresses; by default C(127.0.0.1:8404).
            type: list
            elements: str
          options:
            description: Raw words behind each bind, such as C(accept-proxy).
            type: str
          lines:
            description: Raw lines of the proxy; they act on the requests of all sites.
            type: raw
      ipv6:
        description:
          - Listen on IPv6 as well, where no addresses are given. By default where the host has
            IPv6.
        type: bool
      public_port:
        description: Port of https as clients see it; by default where it listens.
        type: int
      default_certificate:
        description:
          - File on the balancer, served to clients whose SNI no certificate has. By default they
            are refused.
        type: str
      unknown_host:
        description: The answer to a Host that no site has, 404 or 421. By default C(not_found).
        type: str
        choices: [not_found, misdirected]
      default_site:
        description: Name of the site that serves a Host that no site has. By default none does.
        type: str
  sections:
    description:
      - Raw sections, for all that HAProxy can do; the variable C(haproxy_sections).
      - Either a mapping of C(section) (such as C(listen mysql)) and C(lines), or a block of text.
      - Proxies inherit C(edge_http), in C(mode tcp) C(edge), unless they say C(from) or stand
        behind raw defaults.
    type: list
    elements: raw
  certificates_defaults:
    description: What certificates have that say nothing of their own.
    type: dict
    suboptions:
      key_types:
        description: By default ECDSA alone.
        type: list
        elements: str
        choices: [ecdsa, rsa]
      profile: {description: "As the CA lists it.", type: str}
      preferred_chain: {description: "Common name of the topmost issuer.", type: str}
      source:
        description: Who provides them; by default C(acme).
        type: str
        choices: [acme, certbot, provided, selfsigned]
  certificates_extra:
    description: Certificates that belong to no site.
    type: list
    elements: dict
    suboptions:
      name: {description: "By default its first domain.", type: str}
      domains: {description: "Its domains.", type: list, elements: str, required: true}
      key_types: {description: "Kinds of keys.", type: list, elements: str, choices: [ecdsa, rsa]}
      profile: {description: "As the CA lists it.", type: str}
      preferred_chain: {description: "Common name of the topmost issuer.", type: str}
      source:
        description: Who provides it; by default that of O(certificates_defaults).
        type: str
        choices: [acme, certbot, provided, selfsigned]
"""

    RENDERING = r"""
options:
  template:
    description:
      - A Jinja2 template of yours on the controller that lays out the file; without it the sections
        are written as they are.
      - Its variables are C(sections), a list of C(kind), C(name), C(header), C(lines), and
        C(config), the whole text. It is held to the same validation.
    type: path
  thumbprint:
    description:
      - Thumbprint of the ACME account, which lets every balancer answer every HTTP-01 challenge.
        Without it no challenge is answered.
    type: str
  certbot_thumbprint:
    description: The same of certbot's account, for certificates whose source is certbot.
    type: str
"""
