/* SPDX-License-Identifier: BSD-2-Clause */
/* Restarts its child each time it faults, a few times, and then gives up. */
#include <bulkhead/libc.h>
#include <microkit.h>

#define RESTARTS 3

/** Where microkit.ld puts the start of every program. */
#define CHILD_ENTRY 0x200000

/* Set in the ELF file by the tool. */
uint64_t child_id = MICROKIT_MAX_CHANNELS;

static unsigned int restarts;

void init(void)
{
    printf("parent: my child may fail %u times\n", RESTARTS);
}

void notified(microkit_channel ch)
{
    printf("parent: a notification on channel %u that nobody should send\n", ch);
}

seL4_Bool fault(microkit_child child, microkit_msginfo msginfo, microkit_msginfo *reply_msginfo)
{
    seL4_UserContext regs;

    (void)reply_msginfo;
    if (child != child_id || microkit_msginfo_get_label(msginfo) != seL4_Fault_VMFault) {
        printf("parent: a fault that I did not expect\n");
        return seL4_False;
    }
    printf("parent: child %u touched address 0x%lx at pc 0x%lx\n", child,
           microkit_mr_get(seL4_VMFault_Addr), microkit_mr_get(seL4_VMFault_IP));
    if (seL4_TCB_ReadRegisters(BASE_TCB_CAP + child, seL4_False, 0,
                               sizeof(regs) / sizeof(seL4_Word), &regs) != seL4_NoError ||
        regs.pc != microkit_mr_get(seL4_VMFault_IP)) {
        printf("parent: its registers do not fit the fault\n");
    }
    if (restarts == RESTARTS) {
        microkit_pd_stop(child);
        printf("parent: enough, it stays stopped\n");
        return seL4_False;
    }
    restarts++;
    printf("parent: restart %u of %u\n", restarts, RESTARTS);
    microkit_pd_restart(child, CHILD_ENTRY);
    return seL4_False;
}
