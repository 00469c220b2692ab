"""The proxies that are measured, by name."""

from compare_lib import bare_peers, haproxy_peers, headrace_peers, nginx_peers

ALL = {peer.name: peer for peer in (
    bare_peers.Direct(),
    nginx_peers.Nginx(), nginx_peers.NginxStreaming(), nginx_peers.NginxCached(),
    nginx_peers.NginxRefusing(),
    haproxy_peers.Haproxy(), haproxy_peers.HaproxyRefusing(),
    bare_peers.RelayByHand(), bare_peers.RelayByEpoll(), bare_peers.Relay(),
    bare_peers.Responder(),
    headrace_peers.Headrace(), headrace_peers.HeadraceSpin(), headrace_peers.HeadraceCached(),
    headrace_peers.HeadraceGoverned(), headrace_peers.HeadraceRefusing())}
