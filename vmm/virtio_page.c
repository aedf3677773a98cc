/* SPDX-License-Identifier: BSD-2-Clause */
#include "virtio_page.h"

#include "sys.h"

/** VendorID: "BLKH", in the order of its bytes. */
#define VIRTIO_PAGE_VENDOR 0x484b4c42u
/**
 * Rounds of work for one notification. A device does as many buffers a round as a queue has
 * entries, so that only a guest that makes more available meanwhile, on another CPU, gets there.
 */
#define VIRTIO_PAGE_ROUNDS 64

/**
 * While the guest has not acknowledged the interrupt before, that one will do: what there is to see
 * is visible before the word is read, and the kernel clears the bits, with a barrier behind, before
 * the guest goes on and looks (4.2.2: a driver acknowledges first).
 */
static void virtio_page_raise(void *context, uint32_t bits)
{
    const struct virtio_page *page = context;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ((page->registers[BH_DEVICE_INTERRUPT_STATUS / 4] & bits) != bits) {
        (void)sys_device_raise(page->channel, bits);
    }
}

/**
 * Only a reset comes here, because the kernel does the guest's own acknowledgements. It is a store
 * whose vCPU waits for its end, or all vCPUs are stopped. Others may acknowledge at the same time,
 * which clears bits, too; bits are set by this thread alone, by raising. So both orders of two
 * writers, who each change the word in one step, end with the same bits.
 */
static void virtio_page_lower(void *context, uint32_t bits)
{
    const struct virtio_page *page = context;
    volatile uint32_t *status = &page->registers[BH_DEVICE_INTERRUPT_STATUS / 4];

    __atomic_fetch_and(status, ~bits, __ATOMIC_ACQ_REL);
    sys_clean((const void *)status, sizeof(*status));
}

/** The guest may read with caches off, or as device memory. */
static void virtio_page_publish(void *context, unsigned offset, unsigned bytes)
{
    const struct virtio_page *page = context;

    sys_clean((const uint8_t *)page->registers + offset, bytes);
}

/** Those that wait make their stores again, and find nothing to wait for. */
static void virtio_page_quiesced(void *context)
{
    struct virtio_page *page = context;

    for (uint32_t vcpu = 0; page->waiting != 0; vcpu++, page->waiting >>= 1) {
        if ((page->waiting & 1) != 0) {
            (void)sys_vcpu_resume(page->ids[vcpu]);
        }
    }
}

/* Neither pause nor resume: no device here changes more than one word of its configuration. */
static const struct vmmio_ops virtio_page_ops = {
    .raise = virtio_page_raise,
    .lower = virtio_page_lower,
    .publish = virtio_page_publish,
    .quiesced = virtio_page_quiesced,
};

static enum access_result virtio_page_access(void *cookie, struct access *access)
{
    struct virtio_page *page = cookie;

    /* Loads do not come here: the page is mapped. */
    if (!access->store) {
        return ACCESS_ABORT;
    }
    access->work = true;
    if (vmmio_store(&page->mmio, (uint32_t)access->offset, access->bytes, access->value) ==
        VDEV_PENDING) {
        page->waiting |= 1u << access->vcpu;
        return ACCESS_WAIT;
    }
    virtio_page_work(page);
    return ACCESS_DONE;
}

bool virtio_page_init(struct virtio_page *page, struct vdev *dev,
                      const struct config_virtio *config, struct bus *bus)
{
    if (config->address % VMMIO_PAGE_BYTES != 0) {
        return false;
    }
    page->dev = dev;
    page->channel = config->channel;
    page->registers = (volatile uint32_t *)config->address;
    /* It may be from an earlier life of this program. */
    virtio_page_lower(page, ~0u);
    vmmio_init(&page->mmio, dev, &virtio_page_ops, page, page->registers, VIRTIO_PAGE_VENDOR);
    return bus_add(bus, config->address, VMMIO_PAGE_BYTES, virtio_page_access, page);
}

void virtio_page_go_on(struct virtio_page *page)
{
    for (uint32_t i = 0; i < VIRTIO_PAGE_ROUNDS && page->dev->work != 0; i++) {
        (void)vdev_work(page->dev);
    }
}

void virtio_page_doorbell(struct virtio_page *page)
{
    (void)vmmio_doorbell(&page->mmio);
    virtio_page_work(page);
}

void virtio_page_reset(struct virtio_page *page)
{
    if (page->dev != NULL) {
        page->waiting = 0;
        (void)vdev_write_status(page->dev, 0);
    }
}
