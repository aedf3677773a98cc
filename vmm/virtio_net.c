/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_net.h"

#include <bulkhead/libc.h>
#include <virtio/spec.h>

#include "sys.h"
#include "virtio_net_direct.h"

#define ETHERTYPE_AT 12u
#define ETHERTYPE_VLAN 0x8100u
#define TAG_BYTES 4u

static uint16_t virtio_net_big16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/**
 * Describe the frame that lies at `at`, in our buffers, where nobody changes it; a slot is at a
 * whole word. False: it cannot be sent.
 */
static bool virtio_net_describe(const struct vnet_frame *frame, const uint8_t *at,
                                struct net_frame *to)
{
    bool tagged = virtio_net_big16(at + ETHERTYPE_AT) == ETHERTYPE_VLAN &&
                  frame->bytes >= NET_ETHERNET_BYTES + TAG_BYTES;
    uint32_t skip = tagged ? TAG_BYTES : 0;
    bool sum = (frame->flags & VNET_NEEDS_CSUM) != 0;

    if (sum && frame->csum_start < NET_ETHERNET_BYTES + skip) {
        return false;
    }
    *to = (struct net_frame){
        .offset = NET_ETHERNET_BYTES + skip,
        .bytes = frame->bytes - skip,
        .flags = frame->flags,
        .gso_type = frame->gso_type,
        .gso_bytes = frame->gso_bytes,
        .csum_start = sum ? (uint16_t)(frame->csum_start - skip) : 0,
        .csum_offset = sum ? frame->csum_offset : 0,
        .header_bytes = frame->header_bytes,
    };
    __builtin_memcpy(to->ethernet, __builtin_assume_aligned(at, 4), NET_ETHERNET_BYTES);
    if (tagged) {
        /* A hint, which may be anything. */
        to->header_bytes =
            (uint16_t)(to->header_bytes - (to->header_bytes < TAG_BYTES ? 0 : TAG_BYTES));
        to->vlan = (uint16_t)(virtio_net_big16(at + NET_ETHERNET_BYTES) | NET_VLAN_TAG);
        memcpy(to->ethernet + ETHERTYPE_AT, at + NET_ETHERNET_BYTES + 2, 2);
    }
    return to->bytes <= NET_MAX_FRAME;
}

/** A slot; those of the batch are free when that is sent. */
static bool virtio_net_reserve(struct virtio_net *device, uint32_t bytes, uint16_t *slot,
                               uint8_t **at)
{
    if (net_client_reserve(&device->client, bytes, slot, at)) {
        return true;
    }
    if (device->direct.frames == 0) {
        return false;
    }
    virtio_net_direct_send(device);
    return net_client_reserve(&device->client, bytes, slot, at);
}

/** The guest sends a frame that the switch copies, if it can. False: it goes into the slot. */
static bool virtio_net_lend(struct virtio_net *device, const struct vnet_frame *frame,
                            const struct chain_reader *reader, uint16_t slot,
                            enum vnet_result *result)
{
    struct chain_reader rest = *reader;
    uint8_t head[NET_ETHERNET_BYTES + TAG_BYTES] __attribute__((aligned(4))) = { 0 };
    struct net_frame descriptor;

    /* Once, as much as is described; the payload is behind it. */
    (void)chain_read(&rest, head, NET_ETHERNET_BYTES);
    if (virtio_net_big16(head + ETHERTYPE_AT) == ETHERTYPE_VLAN && frame->bytes >= sizeof(head)) {
        (void)chain_read(&rest, head + NET_ETHERNET_BYTES, TAG_BYTES);
    }
    if (!virtio_net_describe(frame, head, &descriptor)) {
        net_client_release(&device->client, slot);
        *result = VNET_DROPPED;
        return true;
    }
    *result = VNET_HELD;
    if (virtio_net_direct_add(device, &rest, &descriptor, slot)) {
        return true;
    }
    virtio_net_direct_send(device);
    return virtio_net_direct_add(device, &rest, &descriptor, slot);
}

/** The guest sends a frame: one copy, into our buffers, or by the switch. */
static enum vnet_result virtio_net_transmit(void *context, const struct vnet_frame *frame,
                                            struct chain_reader *reader)
{
    struct virtio_net *device = context;
    struct net_frame descriptor;
    enum vnet_result result;
    uint16_t slot;
    uint8_t *at;

    if (!virtio_net_reserve(device, frame->bytes, &slot, &at)) {
        return VNET_WAIT;
    }
    if (device->is_direct && frame->bytes >= VIRTIO_NET_LEAST_DIRECT &&
        virtio_net_lend(device, frame, reader, slot, &result)) {
        return result;
    }
    /* What was lent before goes before. */
    if (device->direct.frames != 0) {
        virtio_net_direct_send(device);
    }
    (void)chain_read(reader, at, frame->bytes);
    if (!virtio_net_describe(frame, at, &descriptor)) {
        net_client_release(&device->client, slot);
        return VNET_DROPPED;
    }
    net_client_send(&device->client, slot, &descriptor);
    return frame->bytes > NET_SMALL_BYTES ? VNET_HELD : VNET_TAKEN;
}

/** Of how many frames the guest does not get the buffers back yet. */
static unsigned virtio_net_transmit_end(void *context)
{
    struct virtio_net *device = context;

    virtio_net_direct_send(device);
    return net_client_behind(&device->client, VIRTIO_NET_AHEAD);
}

/** The frame in hand is all there: it is in the guest's memory, or goes there now. */
static enum vnet_result virtio_net_hand(struct virtio_net *device, const struct vnet_frame *out,
                                        const struct vnet_piece *pieces, unsigned count)
{
    return (device->frame.flags & NET_LANDED) != 0
               ? vnet_landed(&device->model, out, pieces, count, device->frame.slot)
               : vnet_receive(&device->model, out, pieces, count);
}

/** Give the guest a frame: its head from the Ethernet header on, which may get a tag, and the rest.
 */
static enum vnet_result virtio_net_give(struct virtio_net *device, struct vnet_frame *out,
                                        const struct vnet_piece *head,
                                        const struct vnet_piece *rest)
{
    const struct net_frame *frame = &device->frame;
    const uint8_t *bytes = head->data;
    uint16_t tag = (uint16_t)(frame->vlan & ~NET_VLAN_TAG);
    uint8_t start[ETHERTYPE_AT + TAG_BYTES];
    struct vnet_piece pieces[] = { *head, *rest, { NULL, 0 } };

    out->bytes = (uint32_t)(head->bytes + rest->bytes);
    if ((frame->vlan & NET_VLAN_TAG) == 0) {
        return virtio_net_hand(device, out, pieces, 2);
    }
    memcpy(start, bytes, ETHERTYPE_AT);
    start[ETHERTYPE_AT] = ETHERTYPE_VLAN >> 8;
    start[ETHERTYPE_AT + 1] = ETHERTYPE_VLAN & 0xff;
    start[ETHERTYPE_AT + 2] = (uint8_t)(tag >> 8);
    start[ETHERTYPE_AT + 3] = (uint8_t)tag;
    pieces[0] = (struct vnet_piece){ start, sizeof(start) };
    pieces[1] = (struct vnet_piece){ bytes + ETHERTYPE_AT, head->bytes - ETHERTYPE_AT };
    pieces[2] = *rest;
    out->bytes += TAG_BYTES;
    out->csum_start = (uint16_t)(out->csum_start + TAG_BYTES);
    out->header_bytes = (uint16_t)(out->header_bytes + (out->header_bytes != 0 ? TAG_BYTES : 0));
    return virtio_net_hand(device, out, pieces, 3);
}

/**
 * Bring what becomes of the frame in hand to a guest that takes only finished ones. When the guest
 * has no buffers in between, it goes on with the piece that is in the results.
 */
static enum vnet_result virtio_net_finish(struct virtio_net *device)
{
    struct net_offload *offload = &device->offload;

    while (device->piece || net_offload_next(offload)) {
        struct vnet_frame out = { .flags = 0 };
        const struct vnet_piece head = { offload->head, offload->head_bytes };
        const struct vnet_piece rest = { offload->data, offload->data_bytes };

        device->piece = virtio_net_give(device, &out, &head, &rest) == VNET_WAIT;
        if (device->piece) {
            return VNET_WAIT;
        }
    }
    device->finishing = false;
    return VNET_TAKEN;
}

static uint64_t virtio_net_key(const uint8_t *mac)
{
    uint64_t key = 0;

    memcpy(&key, mac, NET_MAC_BYTES);
    return key;
}

/** Whether the guest wants the frame in hand. Most are to its own address. */
static bool virtio_net_wants(const struct virtio_net *device)
{
    const struct net_frame *frame = &device->frame;
    /* Not the array itself: with its sanitizers clang 14 does not survive that. */
    const void *address = frame->ethernet;
    uint64_t to = 0;

    __builtin_memcpy(&to, __builtin_assume_aligned(address, 4), NET_MAC_BYTES);
    if (frame->vlan == 0 && device->own != 0 && to == device->own) {
        return true;
    }
    return vnet_wants(&device->model, frame->ethernet,
                      (frame->vlan & NET_VLAN_TAG) != 0 ? (int)(frame->vlan & NET_VLAN_MASK) : -1);
}

static struct vnet_frame virtio_net_out(const struct net_frame *frame)
{
    return (struct vnet_frame){
        .flags = frame->flags & (NET_NEEDS_CSUM | NET_DATA_VALID),
        .gso_type = frame->gso_type,
        .header_bytes = frame->header_bytes,
        .gso_bytes = frame->gso_bytes,
        .csum_start = frame->csum_start,
        .csum_offset = frame->csum_offset,
    };
}

/** The frame in hand is in buffers of the guest, but for its headers. */
static enum vnet_result virtio_net_land(struct virtio_net *device)
{
    const struct net_frame *frame = &device->frame;
    struct vnet_frame out = virtio_net_out(frame);
    const struct vnet_piece head = { frame->ethernet, NET_ETHERNET_BYTES };
    const struct vnet_piece rest = { NULL, frame->bytes - NET_ETHERNET_BYTES };

    if (!device->is_direct || !net_direct_counts(&device->direct)) {
        return VNET_DROPPED;
    }
    if (!virtio_net_wants(device)) {
        vnet_not_landed(&device->model, frame->slot);
        return VNET_DROPPED;
    }
    return virtio_net_give(device, &out, &head, &rest);
}

/** Bring the frame in hand to the guest: one copy, out of the sender's buffers. */
static enum vnet_result virtio_net_deliver(struct virtio_net *device)
{
    const struct net_frame *frame = &device->frame;
    struct vnet_frame out = virtio_net_out(frame);
    const struct vnet_piece head = { frame->ethernet, NET_ETHERNET_BYTES };
    const struct vnet_piece rest = { device->payload, frame->bytes - NET_ETHERNET_BYTES };

    if (!virtio_net_wants(device)) {
        return VNET_DROPPED;
    }
    if (!device->finishing &&
        ((frame->flags | frame->gso_type) == 0 || vnet_takes(&device->model, &out))) {
        return virtio_net_give(device, &out, &head, &rest);
    }
    if (!device->finishing) {
        device->finishing = net_offload_begin(&device->offload, frame, device->payload);
        device->piece = false;
    }
    return device->finishing ? virtio_net_finish(device) : VNET_DROPPED;
}

/** Bring frames to the guest until there are no more, or no buffers for them. */
static void virtio_net_pump(struct virtio_net *device)
{
    while (device->held || net_client_receive(&device->client, &device->frame, &device->payload)) {
        bool landed = (device->frame.flags & NET_LANDED) != 0;
        enum vnet_result result = landed ? virtio_net_land(device) : virtio_net_deliver(device);

        device->held = result == VNET_WAIT;
        /* Senders have no use for a guest that does not take what it is sent. */
        if (device->held && net_client_backlog(&device->client) > VIRTIO_NET_BACKLOG) {
            device->held = false;
            result = VNET_DROPPED;
        }
        if (device->held) {
            break;
        }
        device->finishing = false;
        device->dropped += result == VNET_DROPPED;
        if (!landed) {
            net_client_return(&device->client, &device->frame);
        }
    }
    vnet_receive_end(&device->model);
}

static void virtio_net_receive_wanted(void *context)
{
    virtio_net_pump(context);
}

/** Tell the switch what the guest wants. What it has besides is left out here. */
static void virtio_net_modes_changed(void *context)
{
    struct virtio_net *device = context;
    const struct vnet_modes *modes = &device->model.modes;
    uint64_t multicast = 0;
    uint32_t flags = 0;

    for (uint32_t i = 0; i < modes->multicast.count; i++) {
        multicast |= UINT64_C(1) << net_hash(modes->multicast.macs[i]);
    }
    device->own = 0;
    if (vnet_is_up(&device->model)) {
        device->own = modes->no_unicast ? 0 : virtio_net_key(modes->mac);
        flags |= NET_WISH_UP;
        flags |= modes->promiscuous || modes->all_unicast || modes->unicast.count > 0 ||
                         modes->unicast.all
                     ? NET_WISH_PROMISCUOUS
                     : 0;
        flags |= modes->all_multicast || modes->multicast.all ? NET_WISH_ALL_MULTICAST : 0;
        flags |= modes->no_multicast ? NET_WISH_NO_MULTICAST : 0;
        flags |= modes->no_broadcast ? NET_WISH_NO_BROADCAST : 0;
        flags |= device->is_direct ? virtio_net_direct_wishes(device) : 0;
    }
    net_client_wish(&device->client, flags, multicast);
}

static const struct vnet_ops virtio_net_ops = {
    .transmit = virtio_net_transmit,
    .transmit_end = virtio_net_transmit_end,
    .receive_wanted = virtio_net_receive_wanted,
    .modes_changed = virtio_net_modes_changed,
};

static const struct vnet_ops virtio_net_direct_ops = {
    .transmit = virtio_net_transmit,
    .transmit_end = virtio_net_transmit_end,
    .post = virtio_net_direct_post,
    .unpost = virtio_net_direct_unpost,
    .receive_wanted = virtio_net_receive_wanted,
    .modes_changed = virtio_net_modes_changed,
};

static bool virtio_net_init(struct virtio_net *device, const struct config_virtio *config,
                            const struct config_net *net, const struct virtio_nets_machine *machine)
{
    const struct net_client_place place = {
        .memory = (void *)net->memory,
        .buffers = (void *)net->buffers,
        .readable = net->readable,
        .port = net->port,
    };
    struct vnet_config model = {
        .mem = machine->mem,
        .ops = net->direct ? &virtio_net_direct_ops : &virtio_net_ops,
        .context = device,
        .mtu = net->mtu,
        .link_up = true,
        /* Not INDIRECT_DESC: Linux allocates a table for each frame then. Not RING_PACKED: it costs
         * both sides one per cent more instructions a frame than a split ring. */
        .features = VNET_FEATURES | VIRTIO_F_EVENT_IDX,
        .queues = device->queues,
        .queue_entries = VIRTIO_NET_ENTRIES,
        .segments = device->segments,
        .report = machine->report,
        .report_context = machine->report_context,
    };

    memcpy(model.mac, net->mac, sizeof(model.mac));
    device->channel = net->channel;
    device->mem = machine->mem;
    device->is_direct = net->direct;
    net_client_open(&device->client, &place);
    if (device->is_direct) {
        virtio_net_direct_open(device);
    }
    net_client_wish(&device->client, 0, 0);
    sys_notify(device->channel);
    return vnet_init(&device->model, &model) == VIRTIO_OK &&
           virtio_page_init(&device->page, &device->model.dev, config, machine->bus);
}

const char *virtio_nets_add(struct virtio_nets *nets, const struct virtio_nets_machine *machine,
                            const struct config_virtio *virtio)
{
    for (uint32_t i = 0; i < machine->config->net_count; i++) {
        const struct config_net *net = &machine->config->net[i];

        if (net->doorbell == virtio->channel) {
            struct virtio_net *device = &nets->devices[nets->count++];

            return virtio_net_init(device, virtio, net, machine)
                       ? NULL
                       : "a network device's address or largest packet makes no sense";
        }
    }
    return "a network device has no port of a switch";
}

struct virtio_page *virtio_nets_find(struct virtio_nets *nets, uint32_t channel)
{
    for (uint32_t i = 0; i < nets->count; i++) {
        if (nets->devices[i].page.channel == channel) {
            return &nets->devices[i].page;
        }
    }
    return NULL;
}

static void __attribute__((noinline)) virtio_net_notified(struct virtio_net *device)
{
    /* What the switch had learned is to be told anew. */
    if (net_client_restarted(&device->client)) {
        vnet_announce(&device->model);
        vnet_unpost(&device->model);
    }
    if (device->model.held_count != 0) {
        vnet_transmit_release(&device->model, net_client_behind(&device->client, VIRTIO_NET_AHEAD));
    }
    vnet_transmit_resume(&device->model);
    virtio_net_pump(device);
}

bool virtio_nets_notified(struct virtio_nets *nets, uint32_t channel, bool *asked)
{
    for (uint32_t i = 0; i < nets->count; i++) {
        if (nets->devices[i].channel == channel) {
            virtio_net_notified(&nets->devices[i]);
            *asked = nets->devices[i].client.asking;
            return true;
        }
    }
    return false;
}

void virtio_nets_ask(struct virtio_nets *nets)
{
    for (uint32_t i = 0; i < nets->count; i++) {
        net_client_ask(&nets->devices[i].client);
    }
    virtio_nets_work(nets);
}

bool virtio_nets_answer(struct virtio_nets *nets, uint32_t channel, struct net_port_stats *stats)
{
    for (uint32_t i = 0; i < nets->count; i++) {
        if (nets->devices[i].channel == channel) {
            return net_client_answer(&nets->devices[i].client, stats);
        }
    }
    return false;
}

static void virtio_net_work(struct virtio_net *device)
{
    virtio_page_work(&device->page);
    if (net_client_flush(&device->client)) {
        sys_notify_later(device->channel);
    }
}

void virtio_nets_work(struct virtio_nets *nets)
{
    for (uint32_t i = 0; i < nets->count; i++) {
        virtio_net_work(&nets->devices[i]);
    }
}

void virtio_nets_reset(struct virtio_nets *nets)
{
    for (uint32_t i = 0; i < nets->count; i++) {
        struct virtio_net *device = &nets->devices[i];

        virtio_page_reset(&device->page);
        /* What came for the guest goes back unread. */
        virtio_net_pump(device);
    }
    virtio_nets_work(nets);
}
