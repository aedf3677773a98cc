/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that are copied from one guest's memory into another's. */
#include "switch_internal.h"

/* Read the pieces of a frame, each once, into the switch's hand. False: they make no sense. */
static bool read_pieces(struct net_switch *sw, const struct net_port *port,
                        const struct net_frame *frame, unsigned first)
{
    uint64_t bytes = NET_ETHERNET_BYTES;
    bool sound = true;

    for (unsigned i = 0; i < frame->slot; i++) {
        struct net_piece piece = port->memory->batch.pieces[first + i];

        /* From here on the compiler must take the copy, and not look at shared memory again. */
        __asm__ volatile("" : : "r"(&piece) : "memory");
        sound = net_landing_span(&port->landing.memory, &piece, &sw->pieces[i]) && sound;
        bytes += sw->pieces[i].bytes;
    }
    return sound && bytes == frame->bytes && frame->offset == 0;
}

/* Bytes of a posted buffer that the receiver writes. */
static uint32_t head_of(const struct net_port *to, uint16_t sent, uint16_t vlan)
{
    return NET_POST_HEADER + NET_ETHERNET_BYTES +
           (net_switch_tag(to, sent, vlan) != 0 ? NET_TAG_BYTES : 0);
}

/* Whether the receiver finishes what the sender left to be done. */
static bool takes(uint32_t wishes, const struct net_frame *frame)
{
    uint32_t needs = NET_WISH_POSTS;

    needs |= (frame->flags & NET_NEEDS_CSUM) != 0 ? NET_WISH_CSUM : 0;
    needs |= (frame->gso_type & NET_GSO_ECN) != 0 ? NET_WISH_ECN : 0;
    switch (frame->gso_type & ~NET_GSO_ECN) {
    case NET_GSO_TCP4:
        needs |= NET_WISH_TCP4;
        break;
    case NET_GSO_TCP6:
        needs |= NET_WISH_TCP6;
        break;
    default:
        break;
    }
    return (wishes & needs) == needs;
}

/* Whether a port can have a frame this way now. */
static bool has_room(struct net_port *to, const struct net_frame *frame, uint16_t vlan)
{
    uint32_t payload = frame->bytes - NET_ETHERNET_BYTES;

    return takes(to->wishes.flags, frame) &&
           net_ring_next(&to->received, NET_FRAME_SHAPE) != NULL &&
           net_landing_room(&to->landing, head_of(to, frame->vlan, vlan) + payload,
                            (to->wishes.flags & NET_WISH_MERGE) != 0) != 0;
}

static bool all_have_room(struct net_switch *sw, const struct net_frame *frame, uint16_t vlan,
                          uint64_t set)
{
    for (; set != 0; set &= set - 1) {
        if (!has_room(net_switch_port(sw, (unsigned)__builtin_ctzll(set)), frame, vlan)) {
            return false;
        }
    }
    return true;
}

/* Copy the frame to all who get it. They have room. */
static void land(struct net_switch *sw, const struct net_frame *frame, unsigned pieces,
                 uint16_t vlan, uint64_t set)
{
    for (uint64_t left = set; left != 0; left &= left - 1) {
        struct net_port *to = net_switch_port(sw, (unsigned)__builtin_ctzll(left));
        struct net_frame *landed = net_ring_next(&to->received, NET_FRAME_SHAPE);

        *landed = *frame;
        landed->flags |= NET_LANDED;
        landed->slot = (uint16_t)net_landing_write(&to->landing, head_of(to, frame->vlan, vlan),
                                                   sw->pieces, pieces);
        landed->vlan = net_switch_tag(to, frame->vlan, vlan);
        net_ring_publish(&to->received);
        to->stats.received_frames++;
        to->stats.received_bytes += frame->bytes;
    }
    sw->fed |= set;
}

/* One frame of a batch, whose pieces are in hand. False: it cannot go this way. */
static bool send_one(struct net_switch *sw, unsigned from, struct net_frame *frame, uint64_t now)
{
    struct net_port *port = net_switch_port(sw, from);
    unsigned pieces = frame->slot;
    uint16_t vlan = net_switch_judge(port, frame);
    uint64_t set;

    if (vlan == 0) {
        return true;
    }
    set = net_switch_targets(sw, port, UINT64_C(1) << from, frame, vlan, now);
    if (!all_have_room(sw, frame, vlan, set)) {
        return false;
    }
    if (!net_switch_admit(sw, port, from, frame, vlan, now)) {
        return true;
    }
    if (set == 0) {
        port->stats.unwanted++;
    }
    land(sw, frame, pieces, vlan, set);
    return true;
}

unsigned net_switch_send(struct net_switch *sw, unsigned number, uint64_t count, uint64_t now)
{
    struct net_port *port = net_switch_port(sw, number);
    unsigned taken = 0;
    unsigned first = 0;

    /* What is in slots was sent before. */
    if (net_switch_serve(sw, number, now) || port->landing.memory.bytes == 0) {
        return 0;
    }
    for (; taken < count && taken < NET_BATCH_FRAMES; taken++) {
        struct net_frame frame = port->memory->batch.frames[taken];

        __asm__ volatile("" : : "r"(&frame) : "memory");
        if (frame.slot > NET_BATCH_PIECES - first) {
            port->stats.malformed++;
            break;
        }
        if (!read_pieces(sw, port, &frame, first)) {
            port->stats.malformed++;
        } else if (!send_one(sw, number, &frame, now)) {
            break;
        }
        first += frame.slot;
    }
    net_switch_signal(sw);
    return taken;
}

void net_switch_unpost(struct net_switch *sw, unsigned number)
{
    net_landing_unpost(&sw->ports[number].landing);
}
