// SPDX-License-Identifier: MIT OR Apache-2.0
//
// The data plane: what the programs at a pod's interface decide about the first packet of a connection.
//
// Pods are grouped into identities; what a subject's identity admits is a table of peers and ports. A peer is an
// identity, a class of addresses (those that the same address blocks hold), both, or anybody.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_ENTRIES 65536

// Longest prefix of a port: the port itself.
#define PORT_BITS 16

enum direction { INGRESS = 0, EGRESS = 1 };

// Switches of the one word in `config`.
enum {
	ENFORCE_INGRESS_V4 = 1 << 0,
	ENFORCE_INGRESS_V6 = 1 << 1,
	ENFORCE_EGRESS_V4 = 1 << 2,
	ENFORCE_EGRESS_V6 = 1 << 3,
	HAIRPIN_EXEMPT = 1 << 4,
	OWN_NODE_INGRESS = 1 << 5,
	OWN_NODE_EGRESS = 1 << 6,
	OTHERS_UNFILTERED = 1 << 7,
	// Addresses of both families share one space: planted.
	FAMILIES_MIXED = 1 << 8,
};

// The family keeps 0.0.0.0/0 and ::/0 apart; an IPv4 address takes the first four bytes.
struct address {
	__u8 family;
	__u8 unused[3];
	__u8 bytes[16];
};

struct prefix {
	__u32 bits;
	struct address address;
};

struct endpoint {
	__u32 id;
	__u32 identity;
};

struct own_node_key {
	__u32 endpoint;
	struct address address;
};

struct subject_key {
	__u32 identity;
	__u32 direction;
};

// 0 in `identity` or `class`: any; in `protocol`: any, portless ones too. `port` is masked to `port_bits`.
struct policy_key {
	__u32 subject;
	__u32 identity;
	__u32 class;
	__u8 direction;
	__u8 protocol;
	__u8 port_bits;
	__u8 unused;
	__u16 port;
	__u16 unused2;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} config SEC(".maps");

// The pods, by address.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct address);
	__type(value, struct endpoint);
} endpoints SEC(".maps");

// Who a peer is: the identity of its address.
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct prefix);
	__type(value, __u32);
} ipcache SEC(".maps");

// Which address blocks hold a peer's address: the class of the longest prefix. A class counts every block that holds
// the prefix, the wide ones too, so that a longer prefix never hides a shorter one.
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct prefix);
	__type(value, __u32);
} blocks SEC(".maps");

// The addresses of the node that a pod runs on.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct own_node_key);
	__type(value, __u32);
} own_node SEC(".maps");

// Isolated identities; the value has a bit for each length of port prefix that their entries use.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct subject_key);
	__type(value, __u32);
} subjects SEC(".maps");

// What isolated identities admit.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_ENTRIES);
	__type(key, struct policy_key);
	__type(value, __u32);
} policy SEC(".maps");

struct packet {
	struct address source;
	struct address destination;
	__u8 protocol;
	__u8 has_port;
	// In the host's order.
	__u16 port;
};

enum parsed { PARSED, NOT_IP, MALFORMED };

static __always_inline enum parsed parse(struct __sk_buff *skb, struct packet *packet)
{
	__u32 offset = ETH_HLEN;
	__be16 ports[2];

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) < 0 || ip.version != 4 || ip.ihl < 5)
			return MALFORMED;
		packet->source.family = packet->destination.family = 4;
		__builtin_memcpy(packet->source.bytes, &ip.saddr, sizeof(ip.saddr));
		__builtin_memcpy(packet->destination.bytes, &ip.daddr, sizeof(ip.daddr));
		packet->protocol = ip.protocol;
		offset += ip.ihl * 4;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip;

		if (bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) < 0 || ip.version != 6)
			return MALFORMED;
		packet->source.family = packet->destination.family = 6;
		__builtin_memcpy(packet->source.bytes, &ip.saddr, sizeof(ip.saddr));
		__builtin_memcpy(packet->destination.bytes, &ip.daddr, sizeof(ip.daddr));
		packet->protocol = ip.nexthdr;
		offset += sizeof(ip);
	} else {
		return NOT_IP;
	}

	switch (packet->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		// All three begin with source and destination port.
		if (bpf_skb_load_bytes(skb, offset, ports, sizeof(ports)) < 0)
			return MALFORMED;
		packet->has_port = 1;
		packet->port = bpf_ntohs(ports[1]);
	}
	return PARSED;
}

static __always_inline __u32 longest(void *trie, const struct address *address)
{
	struct prefix key = { .bits = 8 * sizeof(*address), .address = *address };
	__u32 *value = bpf_map_lookup_elem(trie, &key);

	return value ? *value : 0;
}

static __always_inline int is_admitted(struct policy_key *key, const struct packet *packet, __u32 identity,
				       __u32 class, __u32 lengths)
{
	// Anybody, the identity, the class, the identity within the class.
	for (int who = 0; who < 4; who++) {
		if ((who & 1 && !identity) || (who & 2 && !class))
			continue;
		key->identity = who & 1 ? identity : 0;
		key->class = who & 2 ? class : 0;
		key->protocol = 0;
		key->port_bits = 0;
		key->port = 0;
		if (bpf_map_lookup_elem(&policy, key))
			return 1;
		if (!packet->has_port)
			continue;
		key->protocol = packet->protocol;
		for (int bits = 0; bits <= PORT_BITS; bits++) {
			if (!(lengths & 1U << bits))
				continue;
			key->port_bits = bits;
			key->port = packet->port & (0xffff0000U >> bits);
			if (bpf_map_lookup_elem(&policy, key))
				return 1;
		}
	}
	return 0;
}

static __always_inline int judge(struct __sk_buff *skb, enum direction direction)
{
	struct packet packet = {};
	const struct address *own, *other;
	struct endpoint *subject, *peer;
	__u32 zero = 0, enforced, *switches, *lengths;

	switch (parse(skb, &packet)) {
	case NOT_IP:
		return TC_ACT_OK;
	case MALFORMED:
		return TC_ACT_SHOT;
	case PARSED:
		break;
	}
	switches = bpf_map_lookup_elem(&config, &zero);
	if (!switches)
		return TC_ACT_SHOT;
	if (packet.source.family == 4)
		enforced = direction == INGRESS ? ENFORCE_INGRESS_V4 : ENFORCE_EGRESS_V4;
	else
		enforced = direction == INGRESS ? ENFORCE_INGRESS_V6 : ENFORCE_EGRESS_V6;
	if (*switches & FAMILIES_MIXED)
		packet.source.family = packet.destination.family = 0;
	own = direction == INGRESS ? &packet.destination : &packet.source;
	other = direction == INGRESS ? &packet.source : &packet.destination;

	// Only pods are subjects.
	subject = bpf_map_lookup_elem(&endpoints, own);
	if (!subject || !(*switches & enforced))
		return TC_ACT_OK;
	peer = bpf_map_lookup_elem(&endpoints, other);
	if (peer && peer->id == subject->id && *switches & HAIRPIN_EXEMPT)
		return TC_ACT_OK;

	struct subject_key isolated = { .identity = subject->identity, .direction = direction };
	lengths = bpf_map_lookup_elem(&subjects, &isolated);
	if (!lengths)
		return TC_ACT_OK;

	if (*switches & (direction == INGRESS ? OWN_NODE_INGRESS : OWN_NODE_EGRESS)) {
		struct own_node_key key = { .endpoint = subject->id, .address = *other };

		if (bpf_map_lookup_elem(&own_node, &key))
			return TC_ACT_OK;
	}
	if (!packet.has_port && *switches & OTHERS_UNFILTERED)
		return TC_ACT_OK;

	struct policy_key key = { .subject = subject->identity, .direction = direction };

	if (is_admitted(&key, &packet, longest(&ipcache, other), longest(&blocks, other), *lengths))
		return TC_ACT_OK;
	return TC_ACT_SHOT;
}

SEC("classifier")
int egress(struct __sk_buff *skb)
{
	return judge(skb, EGRESS);
}

SEC("classifier")
int ingress(struct __sk_buff *skb)
{
	return judge(skb, INGRESS);
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
