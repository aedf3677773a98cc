/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "alloc.h"
#include "sdf_check.h"

/** @{ Without a board: what every Arm GIC has. */
#define SDF_TIMER_PPI 30u
#define SDF_IRQS 1020u
/** @} */
#define SDF_FIRST_PPI 16u
#define SDF_FIRST_SPI 32u

/** An interrupt that a PD wants, and where it is delivered. */
struct sdf_wish {
    const struct sdf_irq *irq;
    uint64_t cpu; /* PPIs are there once a CPU */
};

static void sdf_check_intid(const struct sdf_irq *irq, unsigned timer, unsigned limit,
                            const struct board *board, struct diag *diag)
{
    uint64_t intid = irq->irq.value;

    if (!irq->irq.given) {
        return;
    }
    if (intid < SDF_FIRST_PPI) {
        diag_error(diag, irq->irq.pos,
                   "interrupt %" PRIu64 " is a software generated interrupt "
                   "(SGI), the kernel's own",
                   intid);
        diag_help(diag, "use a channel to notify another protection domain; devices have 32 and "
                        "above (SPI n is interrupt 32 + n)");
    } else if (intid < SDF_FIRST_SPI && intid != timer) {
        diag_error(diag, irq->irq.pos,
                   "interrupt %" PRIu64 " is private to a CPU (PPI), and "
                   "the kernel's own",
                   intid);
        diag_help(diag,
                  "of these only %u, the physical timer, can be given away; devices have 32 "
                  "and above (SPI n is interrupt 32 + n)",
                  timer);
    } else if (intid >= limit) {
        diag_error(diag, irq->irq.pos, "there is no interrupt %" PRIu64, intid);
        diag_help(diag, "%s%s has interrupts up to %u", board != NULL ? "board " : "",
                  board != NULL ? board->name : "the interrupt controller", limit - 1);
    } else if (intid == timer && irq->edge) {
        diag_error(diag, irq->edge_pos, "interrupt %u, the physical timer, is not edge-triggered",
                   timer);
        diag_help(diag, "write trigger=\"level\" or leave it out");
    }
}

static int sdf_check_compare_wishes(const void *a, const void *b)
{
    const struct sdf_wish *left = a;
    const struct sdf_wish *right = b;

    if (left->irq->irq.value != right->irq->irq.value) {
        return left->irq->irq.value < right->irq->irq.value ? -1 : 1;
    }
    if (left->cpu != right->cpu) {
        return left->cpu < right->cpu ? -1 : 1;
    }
    if (left->irq->pos.line != right->irq->pos.line) {
        return left->irq->pos.line < right->irq->pos.line ? -1 : 1;
    }
    return left->irq->pos.column < right->irq->pos.column ? -1 : 1;
}

static void sdf_check_unique(struct sdf_wish *wishes, size_t count, unsigned timer,
                             struct diag *diag)
{
    if (count > 0) {
        qsort(wishes, count, sizeof(*wishes), sdf_check_compare_wishes);
    }
    for (size_t i = 1; i < count; i++) {
        const struct sdf_num *irq = &wishes[i].irq->irq;

        if (irq->value != wishes[i - 1].irq->irq.value || wishes[i].cpu != wishes[i - 1].cpu) {
            continue;
        }
        if (irq->value == timer) {
            diag_error(diag, irq->pos, "interrupt %u of CPU %" PRIu64 " is given away twice", timer,
                       wishes[i].cpu);
            diag_help(diag,
                      "line %u has it; each CPU has one timer: let one protection domain "
                      "serve the others, or use another CPU",
                      wishes[i - 1].irq->pos.line);
        } else {
            diag_error(diag, irq->pos, "interrupt %" PRIu64 " is given away twice", irq->value);
            diag_help(diag,
                      "line %u has it; one protection domain receives an interrupt, and "
                      "may notify others",
                      wishes[i - 1].irq->pos.line);
        }
    }
}

void sdf_check_irqs(const struct sdf *sdf, const struct board *board, struct diag *diag)
{
    unsigned timer = board != NULL ? board->timer_ppi : SDF_TIMER_PPI;
    unsigned limit = board != NULL ? board->spis : SDF_IRQS;
    struct sdf_wish *wishes = NULL;
    size_t count = 0;

    for (size_t i = 0; i < sdf->pds_count; i++) {
        const struct sdf_pd *pd = &sdf->pds[i];

        for (size_t j = 0; j < pd->irqs_count; j++) {
            const struct sdf_irq *irq = &pd->irqs[j];

            sdf_check_intid(irq, timer, limit, board, diag);
            if (irq->irq.given && (irq->irq.value >= SDF_FIRST_SPI || irq->irq.value == timer)) {
                wishes = alloc_grow(wishes, count, sizeof(*wishes));
                wishes[count].irq = irq;
                wishes[count++].cpu = irq->irq.value == timer ? pd->cpu.value : 0;
            }
        }
    }
    sdf_check_unique(wishes, count, timer, diag);
    free(wishes);
}
