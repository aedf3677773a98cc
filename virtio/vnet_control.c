/* SPDX-License-Identifier: BSD-2-Clause */
#include "vnet_internal.h"

/* Classes and commands of control messages (5.1.6.5). */
#define CLASS_RX 0U
#define RX_PROMISCUOUS 0U
#define RX_ALL_MULTICAST 1U
#define RX_ALL_UNICAST 2U
#define RX_NO_MULTICAST 3U
#define RX_NO_UNICAST 4U
#define RX_NO_BROADCAST 5U
#define CLASS_MAC 1U
#define MAC_TABLE_SET 0U
#define MAC_ADDRESS_SET 1U
#define CLASS_VLAN 2U
#define VLAN_ADD 0U
#define VLAN_DELETE 1U
#define CLASS_ANNOUNCE 3U
#define ANNOUNCE_ACK 0U
#define CLASS_OFFLOADS 5U
#define OFFLOADS_SET 0U

#define ANSWER_OK 0
#define ANSWER_ERROR 1

#define VLANS 4096U

/* VIO-NET-05: the tables are empty after a reset. */
void vnet_control_reset(struct vnet *net)
{
    net->modes = (struct vnet_modes){ .promiscuous = true };
    __builtin_memcpy(net->modes.mac, net->own_mac, VNET_MAC_BYTES);
    net->offloads = 0;
    (void)vdev_set_config(&net->dev, VNET_CONFIG_MAC, net->own_mac, 4);
    (void)vdev_set_config(&net->dev, VNET_CONFIG_MAC + 4, net->own_mac + 4, 2);
}

/* Read exactly as many bytes as a command has. */
static bool take(struct chain_reader *reader, void *to, size_t bytes)
{
    return chain_read(reader, to, bytes) == bytes;
}

static bool command_rx(struct vnet *net, uint8_t command, struct chain_reader *reader)
{
    bool *const switches[] = {
        [RX_PROMISCUOUS] = &net->modes.promiscuous, [RX_ALL_MULTICAST] = &net->modes.all_multicast,
        [RX_ALL_UNICAST] = &net->modes.all_unicast, [RX_NO_MULTICAST] = &net->modes.no_multicast,
        [RX_NO_UNICAST] = &net->modes.no_unicast,   [RX_NO_BROADCAST] = &net->modes.no_broadcast,
    };
    uint64_t needed = command <= RX_ALL_MULTICAST ? VNET_F_CTRL_RX : VNET_F_CTRL_RX_EXTRA;
    uint8_t on;

    if (command >= sizeof switches / sizeof switches[0] || !vdev_has(&net->dev, needed) ||
        !take(reader, &on, sizeof on)) {
        return false;
    }
    *switches[command] = on != 0;
    return true;
}

/* One of the two tables of MAC_TABLE_SET: le32 entries, and as many addresses. */
static bool take_table(struct chain_reader *reader, struct vnet_filter *filter)
{
    uint32_t entries;
    uint64_t most = reader->chain->readable_bytes.bytes / VNET_MAC_BYTES;

    if (!take(reader, &entries, sizeof entries) || entries > most) {
        return false;
    }
    filter->all = entries > VNET_MAX_FILTER;
    filter->count = filter->all ? 0 : entries;
    for (uint32_t i = 0; i < entries; i++) {
        uint8_t mac[VNET_MAC_BYTES];

        if (!take(reader, mac, sizeof mac)) {
            return false;
        }
        if (!filter->all) {
            __builtin_memcpy(filter->macs[i], mac, sizeof mac);
        }
    }
    return true;
}

static bool command_mac(struct vnet *net, uint8_t command, struct chain_reader *reader)
{
    struct vnet_filter unicast;
    struct vnet_filter multicast;
    uint8_t mac[VNET_MAC_BYTES];

    if (command == MAC_TABLE_SET && vdev_has(&net->dev, VNET_F_CTRL_RX)) {
        if (!take_table(reader, &unicast) || !take_table(reader, &multicast)) {
            return false;
        }
        net->modes.unicast = unicast;
        net->modes.multicast = multicast;
        return true;
    }
    if (command == MAC_ADDRESS_SET && vdev_has(&net->dev, VNET_F_CTRL_MAC_ADDR)) {
        if (!take(reader, mac, sizeof mac) || (mac[0] & 1) != 0) {
            return false;
        }
        /* VIO-NET-06: the configuration space shows it before the command is answered. */
        __builtin_memcpy(net->modes.mac, mac, sizeof mac);
        (void)vdev_set_config(&net->dev, VNET_CONFIG_MAC, mac, 4);
        (void)vdev_set_config(&net->dev, VNET_CONFIG_MAC + 4, mac + 4, 2);
        return true;
    }
    return false;
}

static bool command_vlan(struct vnet *net, uint8_t command, struct chain_reader *reader)
{
    uint16_t vlan;
    uint64_t bit;

    if (!vdev_has(&net->dev, VNET_F_CTRL_VLAN) || command > VLAN_DELETE ||
        !take(reader, &vlan, sizeof vlan) || vlan >= VLANS) {
        return false;
    }
    bit = (uint64_t)1 << (vlan % 64);
    if (command == VLAN_ADD) {
        net->modes.vlans[vlan / 64] |= bit;
    } else {
        net->modes.vlans[vlan / 64] &= ~bit;
    }
    return true;
}

static bool command_offloads(struct vnet *net, uint8_t command, struct chain_reader *reader)
{
    uint64_t offloads;

    if (!vdev_has(&net->dev, VNET_F_CTRL_GUEST_OFFLOADS) || command != OFFLOADS_SET ||
        !take(reader, &offloads, sizeof offloads) ||
        (offloads & ~(net->dev.accepted & VNET_OFFLOADS)) != 0) {
        return false;
    }
    net->offloads = offloads;
    return true;
}

static bool command_announce(struct vnet *net, uint8_t command)
{
    if (!vdev_has(&net->dev, VNET_F_GUEST_ANNOUNCE) || command != ANNOUNCE_ACK || !net->announce) {
        return false;
    }
    /* VIO-NET-09: before the command is answered. */
    net->announce = false;
    vnet_show_status(net);
    return true;
}

/* Do what the message in net->control says. */
static bool obey(struct vnet *net)
{
    struct chain_reader reader = chain_reader(&net->control);
    uint8_t head[2];

    if (!take(&reader, head, sizeof head)) {
        return false;
    }
    switch (head[0]) {
    case CLASS_RX:
        return command_rx(net, head[1], &reader);
    case CLASS_MAC:
        return command_mac(net, head[1], &reader);
    case CLASS_VLAN:
        return command_vlan(net, head[1], &reader);
    case CLASS_ANNOUNCE:
        return command_announce(net, head[1]);
    case CLASS_OFFLOADS:
        return command_offloads(net, head[1], &reader);
    default:
        return false;
    }
}

bool vnet_control_serve(struct vnet *net)
{
    struct vdev *dev = &net->dev;
    unsigned budget = dev->queues[VNET_QUEUE_CONTROL].max_entries;

    /* A doorbell says nothing of the queue, and is most often for another one. The wish for a kick
     * still stands. */
    if (!vdev_has(dev, VNET_F_CTRL_VQ) || !vdev_any(dev, VNET_QUEUE_CONTROL)) {
        return false;
    }
    while (budget != 0) {
        enum virtio_error error = vdev_pop(dev, VNET_QUEUE_CONTROL, &net->control);
        struct chain_writer writer;
        uint8_t answer;

        budget--;
        if (error == VIRTIO_EMPTY && vdev_want_kick(dev, VNET_QUEUE_CONTROL)) {
            continue;
        }
        if (error != VIRTIO_OK) {
            break;
        }
        /* A message whose answer has no place is not obeyed. */
        if (net->control.writable_bytes.bytes == 0) {
            vdev_count(dev, VIRTIO_ERR_SIZE);
            vdev_push(dev, VNET_QUEUE_CONTROL, &net->control, 0);
            continue;
        }
        answer = obey(net) ? ANSWER_OK : ANSWER_ERROR;
        if (answer != ANSWER_OK) {
            vdev_count(dev, VIRTIO_ERR_MESSAGE);
        } else if (net->ops->modes_changed != NULL) {
            net->ops->modes_changed(net->context);
        }
        writer = chain_writer(&net->control);
        (void)chain_write(&writer, &answer, sizeof answer);
        vdev_push(dev, VNET_QUEUE_CONTROL, &net->control, writer.written);
    }
    vdev_signal(dev, VNET_QUEUE_CONTROL);
    return budget == 0;
}

static bool same_mac(const uint8_t *a, const uint8_t *b)
{
    /* The last byte is the one that differs most often. */
    return a[5] == b[5] && a[4] == b[4] && a[3] == b[3] && a[2] == b[2] && a[1] == b[1] &&
           a[0] == b[0];
}

static bool in_filter(const struct vnet_filter *filter, const uint8_t *mac)
{
    for (unsigned i = 0; i < filter->count; i++) {
        if (same_mac(filter->macs[i], mac)) {
            return true;
        }
    }
    return filter->all;
}

bool vnet_wants(const struct vnet *net, const uint8_t *to, int vlan)
{
    static const uint8_t broadcast[VNET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    const struct vnet_modes *modes = &net->modes;

    if (!net->dev.live) {
        return false;
    }
    if (modes->promiscuous) {
        return true;
    }
    if (vlan >= 0 && vdev_has(&net->dev, VNET_F_CTRL_VLAN) &&
        (modes->vlans[(unsigned)vlan % VLANS / 64] >> ((unsigned)vlan % 64) & 1) == 0) {
        return false;
    }
    if ((to[0] & 1) == 0) {
        return !modes->no_unicast &&
               (modes->all_unicast || same_mac(to, modes->mac) || in_filter(&modes->unicast, to));
    }
    if (same_mac(to, broadcast)) {
        return !modes->no_broadcast;
    }
    return !modes->no_multicast && (modes->all_multicast || in_filter(&modes->multicast, to));
}
