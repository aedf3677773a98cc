/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared console: one UART, its driver, the serial virtualiser and those whom it serves.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include <bulkhead/abi.h>

#include "alloc.h"
#include "lower_internal.h"

#define CONSOLE_DEVICE_BYTES UINT64_C(0x4000)
#define CONSOLE_CLIENT_BYTES UINT64_C(0x10000)
#define CONSOLE_PAGE UINT64_C(0x1000)
/** Where the three programs see what they share. */
#define CONSOLE_DEVICE UINT64_C(0x1000000)
#define CONSOLE_UART UINT64_C(0x1100000)
#define CONSOLE_CONFIG UINT64_C(0x1200000)
#define CONSOLE_REPORTS UINT64_C(0x1300000)
#define CONSOLE_CLIENTS UINT64_C(0x2000000)
/** The virtualiser's channels; clients follow. */
#define CONSOLE_ID_DEVICE 0
#define CONSOLE_ID_TIMER 1
#define CONSOLE_ID_REPORTS 2
#define CONSOLE_ID_CLIENTS 3
/** As many as the virtualiser serves. */
#define CONSOLE_MOST_CLIENTS 32

static void console_line(struct lower *lower, struct sdf_str line)
{
    struct sdf_region *region = &lower->sdf->regions[lower->console_config];

    region->lines = alloc_grow(region->lines, region->lines_count, sizeof(*region->lines));
    region->lines[region->lines_count++] = line;
}

static size_t console_region(struct lower *lower, struct diag_pos pos, const char *name,
                             uint64_t bytes)
{
    size_t region = lower_region(lower, lower_string(pos, "%s", name));

    if (bytes != 0) {
        lower->sdf->regions[region].size = lower_number(pos, bytes);
    }
    return region;
}

static struct sdf_map *console_map(struct lower *lower, size_t pd, size_t region, uint64_t vaddr,
                                   unsigned perms)
{
    return lower_pd_map(lower, &(struct lower_guest){ .pd = pd }, region, vaddr, perms);
}

static void console_irq(struct lower *lower, size_t pd, uint64_t irq, const char *symbol)
{
    struct diag_pos pos = lower->sdf->console.pos;
    struct sdf_pd *owner = &lower->sdf->pds[pd];

    owner->irqs = alloc_grow(owner->irqs, owner->irqs_count, sizeof(*owner->irqs));
    owner->irqs[owner->irqs_count++] = (struct sdf_irq){
        .pos = pos,
        .irq = lower_number(pos, irq),
        .id = lower_number(pos, 0),
        .setvar_id = lower_string(pos, "%s", symbol),
    };
}

/** The driver of the board's UART, and its connection. */
static void console_device(struct lower *lower)
{
    const struct board *board = lower->world->board;
    struct diag_pos pos = lower->sdf->console.pos;
    size_t pd =
        lower_sdk_pd(lower, pos, "console.driver",
                     board != NULL ? board->console_driver : "pl011.elf", BH_MAX_PRIORITY - 1);
    size_t region = console_region(lower, pos, "console.device", CONSOLE_DEVICE_BYTES);
    struct sdf_map *map = console_map(lower, pd, region, CONSOLE_DEVICE, SDF_PERM_R | SDF_PERM_W);

    map->setvar_vaddr = lower_string(pos, "serial_vaddr");
    map->setvar_size = lower_string(pos, "serial_bytes");
    console_map(lower, lower->console, region, CONSOLE_DEVICE, SDF_PERM_R | SDF_PERM_W);
    if (board != NULL) {
        region = console_region(lower, pos, "console.uart", CONSOLE_PAGE);
        lower->sdf->regions[region].phys_addr = lower_number(pos, board->uart);
        map = console_map(lower, pd, region, CONSOLE_UART, SDF_PERM_R | SDF_PERM_W);
        map->cached = false;
        map->setvar_vaddr = lower_string(pos, "uart_vaddr");
        console_irq(lower, pd, board->console_irq, "uart_irq");
    }
    lower_channel(lower, pos, lower->console, CONSOLE_ID_DEVICE, pd, 1, "serial_channel");
    console_line(lower, lower_string(pos, "device %d 0x%" PRIx64 " 0x%" PRIx64, CONSOLE_ID_DEVICE,
                                     CONSOLE_DEVICE, CONSOLE_DEVICE_BYTES));
}

/** The kernel's reports, unless somebody else shows them. */
static void console_reports(struct lower *lower)
{
    struct diag_pos pos = lower->sdf->console.pos;

    for (size_t i = 0; i < lower->sdf->pds_count; i++) {
        if (lower->sdf->pds[i].reports.given) {
            return;
        }
    }
    lower->sdf->pds[lower->console].reports = (struct sdf_reports){
        .given = true,
        .pos = pos,
        .vaddr = lower_number(pos, CONSOLE_REPORTS),
        .id = lower_number(pos, CONSOLE_ID_REPORTS),
        .setvar_vaddr = lower_string(pos, "reports_vaddr"),
    };
}

/** One printable character, or `ctrl-` and a letter or one of [\]^_ */
static bool console_check_character(struct lower *lower, const struct sdf_str *text)
{
    size_t length = strlen(text->text);
    char last = text->text[length - 1];

    if ((length == 1 && isgraph((unsigned char)last)) ||
        (length == 6 && strncmp(text->text, "ctrl-", 5) == 0 &&
         (isalpha((unsigned char)last) || strchr("[\\]^_", last) != NULL))) {
        return true;
    }
    diag_error(lower->diag, text->pos, "'%s' cannot switch input", text->text);
    diag_help(lower->diag, "use one printable character, or \"ctrl-\\\" and the like");
    return false;
}

/** The terminal's size: two numbers of 16 bits, or none. */
static bool console_check_size(struct lower *lower)
{
    const struct sdf_console *from = &lower->sdf->console;
    const struct sdf_num *const sizes[] = { &from->columns, &from->rows };
    static const char *const names[] = { "columns", "rows" };

    for (size_t i = 0; i < 2; i++) {
        if (sizes[i]->given && (sizes[i]->value == 0 || sizes[i]->value > UINT16_MAX)) {
            diag_error(lower->diag, sizes[i]->pos, "a terminal cannot have %" PRIu64 " %s",
                       sizes[i]->value, names[i]);
            diag_help(lower->diag, "use 1 to %d", UINT16_MAX);
            return false;
        }
        if (sizes[i]->given && !sizes[1 - i]->given) {
            diag_error(lower->diag, sizes[i]->pos, "'%s' is given, and '%s' is not", names[i],
                       names[1 - i]);
            diag_help(lower->diag, "add %s=, or remove it", names[1 - i]);
            return false;
        }
    }
    return true;
}

void lower_console(struct lower *lower)
{
    const struct sdf_console *from = &lower->sdf->console;
    const struct board *board = lower->world->board;

    if (!from->given) {
        return;
    }
    if (board != NULL && board->console_driver == NULL) {
        diag_error(lower->diag, from->pos, "board %s has no driver for its console", board->name);
        diag_help(lower->diag, "its board.xml needs console_driver and console_interrupt");
        return;
    }
    if ((from->character.text != NULL && !console_check_character(lower, &from->character)) ||
        !console_check_size(lower)) {
        return;
    }
    lower->console = lower_sdk_pd(lower, from->pos, "console", "serial.elf", BH_MAX_PRIORITY - 2);
    lower->console_config = console_region(lower, from->pos, "console.config", 0);
    console_device(lower);
    lower_timer(lower, from->pos, lower->console, CONSOLE_ID_TIMER);
    console_line(lower, lower_string(from->pos, "timer %d", CONSOLE_ID_TIMER));
    console_reports(lower);
    if (from->character.text != NULL) {
        console_line(lower, lower_string(from->pos, "switch %s", from->character.text));
    }
    if (from->plain) {
        console_line(lower, lower_string(from->pos, "colours off"));
    }
    struct sdf_map *map =
        console_map(lower, lower->console, lower->console_config, CONSOLE_CONFIG, SDF_PERM_R);
    map->setvar_vaddr = lower_string(from->pos, "config_vaddr");
    map->setvar_prefill_size = lower_string(from->pos, "config_bytes");
}

/** Somebody who shares the console. */
struct console_client {
    struct diag_pos pos;
    const char *name;
    size_t pd; /* that has the connection */
    struct sdf_num vaddr;
    struct sdf_num id;
    const char *symbol_vaddr, *symbol_size, *symbol_id; /* or NULL */
};

static void console_symbol(struct sdf_str *to, struct diag_pos pos, const char *symbol)
{
    if (symbol != NULL) {
        *to = lower_string(pos, "%s", symbol);
    }
}

/** Can there be this client? Complains when not, unless that has been done before. */
static bool console_check_client(struct lower *lower, const struct console_client *client)
{
    if (!lower->sdf->console.given) {
        diag_error(lower->diag, client->pos, "there is no console for '%s' to share", client->name);
        diag_help(lower->diag, "add a <console/> to the <system>");
        return false;
    }
    if (lower->console == SDF_NONE) {
        return false;
    }
    if (lower->clients == CONSOLE_MOST_CLIENTS) {
        diag_error(lower->diag, client->pos, "more than %d share the console",
                   CONSOLE_MOST_CLIENTS);
        diag_help(lower->diag, "remove the <console/> of some");
        return false;
    }
    return true;
}

/** The next client: its connection, its channel, its line of the configuration. */
static void console_join(struct lower *lower, const struct console_client *client)
{
    struct diag_pos pos = client->pos;
    uint64_t number = lower->clients++;
    uint64_t vaddr = CONSOLE_CLIENTS + number * CONSOLE_CLIENT_BYTES;
    size_t region = lower_region(lower, lower_string(pos, "%s.console", client->name));
    struct sdf_map *map;
    struct sdf_channel *channel;

    lower->sdf->regions[region].size = lower_number(pos, CONSOLE_CLIENT_BYTES);
    console_map(lower, lower->console, region, vaddr, SDF_PERM_R | SDF_PERM_W);
    map = console_map(lower, client->pd, region, client->vaddr.value, SDF_PERM_R | SDF_PERM_W);
    map->vaddr = client->vaddr;
    console_symbol(&map->setvar_vaddr, pos, client->symbol_vaddr);
    console_symbol(&map->setvar_size, pos, client->symbol_size);
    channel = lower_channel(lower, pos, lower->console, CONSOLE_ID_CLIENTS + number, client->pd,
                            client->id.value, client->symbol_id);
    channel->ends[1].id = client->id;
    console_line(lower, lower_string(pos, "client %" PRIu64 " 0x%" PRIx64 " 0x%" PRIx64 " %s",
                                     CONSOLE_ID_CLIENTS + number, vaddr, CONSOLE_CLIENT_BYTES,
                                     client->name));
}

void lower_console_client(struct lower *lower, struct lower_guest *guest)
{
    const struct sdf_guest *from = guest->from;
    struct console_client client = {
        .pos = from->console_pos,
        .name = from->name.text,
        .pd = guest->pd,
        .vaddr = lower_number(from->console_pos, guest->free),
        .id = lower_number(from->console_pos, guest->next_id),
        .symbol_vaddr = "serial_vaddr",
        .symbol_size = "serial_bytes",
        .symbol_id = "serial_channel",
    };

    if (!from->console || !console_check_client(lower, &client)) {
        return;
    }
    guest->free += LOWER_ALIGN;
    guest->next_id++;
    console_join(lower, &client);
    console_line(lower, lower_string(from->console_pos, "about %s %s",
                                     lower->sdf->pds[guest->pd].name.text, from->name.text));
    if (lower->sdf->console.columns.given) {
        lower_line(lower, guest, "terminal %" PRIu64 " %" PRIu64, lower->sdf->console.columns.value,
                   lower->sdf->console.rows.value);
    }
    lower_virtio(lower, guest, from->console_pos, "console");
}

/** A client's name is a word of the configuration, and of what a person types. */
static bool console_check_name(struct lower *lower, const struct sdf_pd *pd)
{
    for (const char *at = pd->name.text; at != NULL && *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL) {
            diag_error(lower->diag, pd->name.pos, "'%s' cannot be a name on the console",
                       pd->name.text);
            diag_help(lower->diag, "use letters, digits, '-', '_' and '.'");
            return false;
        }
    }
    return pd->name.text != NULL;
}

void lower_console_pds(struct lower *lower)
{
    size_t count = lower->sdf->pds_count;

    for (size_t i = 0; i < count; i++) {
        const struct sdf_pd *pd = &lower->sdf->pds[i];
        const struct sdf_client *from = &pd->client;
        struct console_client client = {
            .pos = from->pos,
            .name = pd->name.text,
            .pd = i,
            .vaddr = from->vaddr,
            .id = from->id,
            .symbol_vaddr = from->setvar_vaddr.text,
            .symbol_size = from->setvar_size.text,
            .symbol_id = from->setvar_id.text,
        };

        if (from->given && console_check_name(lower, pd) && console_check_client(lower, &client)) {
            console_join(lower, &client);
        }
    }
}

void lower_console_end(struct lower *lower)
{
    const struct sdf_console *from = &lower->sdf->console;

    if (from->given && lower->clients == 0 && lower->diag->errors == 0) {
        diag_error(lower->diag, from->pos, "nobody uses the console");
        diag_help(lower->diag,
                  "add a <console/> to a <guest> or <protection_domain>, or remove it");
    }
}
