/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One of as many PDs as there can be, connected with each of the others: notifies them all, waits
 * until all have notified it, and calls all that have a higher priority. Channel `j` leads to PD
 * `j`, or to PD `j + 1` if that is not below this PD's own number. PD 0 says how it ended.
 */
#include <bulkhead/libc.h>
#include <microkit.h>

#define ALL_CHANNELS ((1UL << MICROKIT_MAX_CHANNELS) - 1)

/* Set in the ELF file by the tool. */
uint64_t results_vaddr = 1;

static uint64_t heard;

/** What each PD leaves in the page that all share. */
struct result {
    volatile uint32_t answered; /* calls that came back right */
    volatile uint32_t rights;   /* calls */
    volatile uint32_t done;     /* written last */
};

/** The number behind "pd" in the name. */
static unsigned int own_number(void)
{
    unsigned int number = 0;

    for (const char *digit = microkit_name + 2; *digit != '\0'; digit++) {
        number = number * 10 + (unsigned int)(*digit - '0');
    }
    return number;
}

/** Waits for all results; every PD above must have been answered by those above it. */
static void summarise(const struct result *results)
{
    unsigned int right = 0;

    for (unsigned int pd = 0; pd < BH_MAX_PDS; pd++) {
        while (!__atomic_load_n(&results[pd].done, __ATOMIC_ACQUIRE)) {
            __asm__ volatile("yield");
        }
        if (results[pd].rights == BH_MAX_PDS - 1 - pd &&
            results[pd].answered == results[pd].rights) {
            right++;
        } else {
            printf("scale: pd%u was answered %u of %u\n", pd, results[pd].answered,
                   results[pd].rights);
        }
    }
    printf("scale: %u of %u heard all others and were answered\n", right, BH_MAX_PDS);
}

/**
 * Calls every PD to which there is a right to call, `*rights` of them; the answer is the number
 * plus one. Returns how many answered so.
 */
static unsigned int call_all(unsigned int *rights)
{
    unsigned int right = 0;

    *rights = 0;
    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        if (((microkit_pps >> ch) & 1) == 0) {
            continue;
        }
        (*rights)++;
        microkit_mr_set(0, ch);
        microkit_msginfo answer = microkit_ppcall(ch, microkit_msginfo_new(1, 1));
        if (microkit_msginfo_get_count(answer) == 1 && microkit_mr_get(0) == ch + 1) {
            right++;
        }
    }
    return right;
}

void init(void)
{
    for (microkit_channel ch = 0; ch < MICROKIT_MAX_CHANNELS; ch++) {
        microkit_notify(ch);
    }
}

void notified(microkit_channel ch)
{
    heard |= 1UL << ch;
    if (heard == ALL_CHANNELS) {
        struct result *results = (struct result *)results_vaddr;
        unsigned int number = own_number();
        unsigned int rights;
        results[number].answered = call_all(&rights);
        results[number].rights = rights;
        __atomic_store_n(&results[number].done, 1, __ATOMIC_RELEASE);
        if (number == 0) {
            summarise(results);
        }
        heard = 0;
    }
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    (void)ch;
    (void)msginfo;
    microkit_mr_set(0, microkit_mr_get(0) + 1);
    return microkit_msginfo_new(0, 1);
}
