/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "alloc.h"
#include "sdf_attr.h"
#include "sdf_read.h"

static void sdf_read_map(const struct xml_element *element, bool in_vm, struct diag *diag,
                         struct sdf_map *map)
{
    static const char *const pd_names[] = {
        "mr", "vaddr", "perms", "cached", "setvar_vaddr", "setvar_size", "setvar_prefill_size", NULL
    };
    static const char *const vm_names[] = { "mr", "vaddr", "perms", "cached", NULL };

    *map = (struct sdf_map){
        .pos = element->pos, .perms = SDF_PERM_R | SDF_PERM_W, .cached = true, .region = SDF_NONE
    };
    sdf_attr_allow(element, in_vm ? vm_names : pd_names, diag);
    sdf_attr_string(element, "mr", SDF_REQUIRED, diag, &map->mr);
    sdf_attr_number(element, "vaddr", SDF_REQUIRED, diag, &map->vaddr);
    sdf_attr_perms(element, diag, &map->perms, &map->perms_pos);
    sdf_attr_bool(element, "cached", diag, &map->cached, NULL);
    if (!in_vm) {
        sdf_attr_string(element, "setvar_vaddr", SDF_OPTIONAL, diag, &map->setvar_vaddr);
        sdf_attr_string(element, "setvar_size", SDF_OPTIONAL, diag, &map->setvar_size);
        sdf_attr_string(element, "setvar_prefill_size", SDF_OPTIONAL, diag,
                        &map->setvar_prefill_size);
    }
    sdf_read_no_children(element, diag);
}

static void sdf_read_trigger(const struct xml_element *element, struct diag *diag,
                             struct sdf_irq *irq)
{
    const struct xml_attribute *trigger = xml_find_attribute(element, "trigger");

    if (trigger == NULL) {
        return;
    }
    if (strcmp(trigger->value, "edge") != 0 && strcmp(trigger->value, "level") != 0) {
        diag_error(diag, trigger->value_pos, "'%s' is not a trigger", trigger->value);
        diag_help(diag, "write \"level\" or \"edge\"");
        return;
    }
    irq->edge = trigger->value[0] == 'e';
    irq->edge_pos = trigger->value_pos;
}

static void sdf_read_irq(const struct xml_element *element, struct diag *diag, struct sdf_irq *irq)
{
    static const char *const names[] = { "irq", "id", "trigger", "setvar_id", NULL };

    *irq = (struct sdf_irq){ .pos = element->pos };
    sdf_attr_allow(element, names, diag);
    sdf_attr_number(element, "irq", SDF_REQUIRED, diag, &irq->irq);
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &irq->id);
    sdf_attr_string(element, "setvar_id", SDF_OPTIONAL, diag, &irq->setvar_id);
    sdf_read_trigger(element, diag, irq);
    sdf_read_no_children(element, diag);
}

static void sdf_read_setvar(const struct xml_element *element, struct diag *diag,
                            struct sdf_setvar *setvar)
{
    static const char *const names[] = { "symbol", "region_paddr", NULL };

    *setvar = (struct sdf_setvar){ .pos = element->pos, .region = SDF_NONE };
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "symbol", SDF_REQUIRED, diag, &setvar->symbol);
    sdf_attr_string(element, "region_paddr", SDF_REQUIRED, diag, &setvar->region_paddr);
    sdf_read_no_children(element, diag);
}

static void sdf_read_client(const struct xml_element *element, struct diag *diag,
                            struct sdf_client *client)
{
    static const char *const names[] = { "vaddr",       "id",        "setvar_vaddr",
                                         "setvar_size", "setvar_id", NULL };

    if (client->given) {
        sdf_read_twice(element, diag);
        return;
    }
    client->given = true;
    client->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_number(element, "vaddr", SDF_REQUIRED, diag, &client->vaddr);
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &client->id);
    sdf_attr_string(element, "setvar_vaddr", SDF_OPTIONAL, diag, &client->setvar_vaddr);
    sdf_attr_string(element, "setvar_size", SDF_OPTIONAL, diag, &client->setvar_size);
    sdf_attr_string(element, "setvar_id", SDF_OPTIONAL, diag, &client->setvar_id);
    sdf_read_no_children(element, diag);
}

static void sdf_read_reports(const struct xml_element *element, struct diag *diag,
                             struct sdf_reports *reports)
{
    static const char *const names[] = { "vaddr", "id", "setvar_vaddr", NULL };

    if (reports->given) {
        sdf_read_twice(element, diag);
        return;
    }
    reports->given = true;
    reports->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_number(element, "vaddr", SDF_REQUIRED, diag, &reports->vaddr);
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &reports->id);
    sdf_attr_string(element, "setvar_vaddr", SDF_OPTIONAL, diag, &reports->setvar_vaddr);
    sdf_read_no_children(element, diag);
}

static void sdf_read_program(const struct xml_element *element, struct diag *diag,
                             struct sdf_pd *pd)
{
    static const char *const names[] = { "path", "path_for_symbols", "sdk", NULL };

    if (pd->program_pos.line != 0) {
        sdf_read_twice(element, diag);
        return;
    }
    pd->program_pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "path", SDF_REQUIRED, diag, &pd->program);
    sdf_attr_string(element, "path_for_symbols", SDF_OPTIONAL, diag, &pd->program_symbols);
    sdf_attr_bool(element, "sdk", diag, &pd->program_sdk, NULL);
    sdf_read_no_children(element, diag);
}

static void sdf_read_vcpu(const struct xml_element *element, struct diag *diag, struct sdf_vm *vm)
{
    static const char *const names[] = { "id", "cpu", "setvar_id", NULL };
    struct sdf_vcpu *vcpu;

    vm->vcpus = alloc_grow(vm->vcpus, vm->vcpus_count, sizeof(*vcpu));
    vcpu = &vm->vcpus[vm->vcpus_count++];
    vcpu->pos = element->pos;
    sdf_attr_allow(element, names, diag);
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &vcpu->id);
    sdf_attr_number(element, "cpu", SDF_OPTIONAL, diag, &vcpu->cpu);
    sdf_attr_string(element, "setvar_id", SDF_OPTIONAL, diag, &vcpu->setvar_id);
    sdf_read_no_children(element, diag);
}

/** The id on the VM itself is the old spelling of a VM with one vCPU. */
static void sdf_read_old_vcpu(const struct xml_element *element, struct diag *diag,
                              struct sdf_vm *vm)
{
    const struct xml_attribute *id = xml_find_attribute(element, "id");
    struct sdf_num number = { 0 };

    if (id == NULL && vm->vcpus_count == 0) {
        diag_error(diag, element->pos, "this <virtual_machine> has no <vcpu>");
        diag_help(diag, "add <vcpu id=\"0\"/>");
    }
    if (id == NULL) {
        return;
    }
    if (vm->vcpus_count > 0) {
        diag_error(diag, id->name_pos, "'id' is given for a <virtual_machine> that has <vcpu>");
        diag_help(diag, "remove it; each <vcpu> has its own id");
        return;
    }
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &number);
    diag_warning(diag, id->name_pos, "'id' on <virtual_machine> is the spelling of Microkit 1.4");
    diag_help(diag, "write <vcpu id=\"%s\"/> inside of it instead", id->value);
    vm->vcpus = alloc_grow(vm->vcpus, 0, sizeof(*vm->vcpus));
    vm->vcpus[0].pos = element->pos;
    vm->vcpus[0].id = number;
    vm->vcpus_count = 1;
}

static void sdf_read_register_page(const struct xml_element *element, struct diag *diag,
                                   struct sdf_vm *vm)
{
    static const char *const names[] = { "mr", "vaddr", "irq", "id", NULL };
    struct sdf_register_page *page;

    vm->pages = alloc_grow(vm->pages, vm->pages_count, sizeof(*page));
    page = &vm->pages[vm->pages_count++];
    page->pos = element->pos;
    page->region = SDF_NONE;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "mr", SDF_REQUIRED, diag, &page->mr);
    sdf_attr_number(element, "vaddr", SDF_REQUIRED, diag, &page->vaddr);
    sdf_attr_number(element, "irq", SDF_REQUIRED, diag, &page->irq);
    sdf_attr_number(element, "id", SDF_REQUIRED, diag, &page->id);
    sdf_read_no_children(element, diag);
}

static void sdf_read_vm(const struct xml_element *element, size_t pd, struct sdf *sdf,
                        struct diag *diag)
{
    static const char *const names[] = { "name", "priority", "budget", "period", NULL };
    static const char *const children[] = { "vcpu", "map", "register_page", NULL };
    struct sdf_vm *vm;

    if (sdf->pds[pd].vm != SDF_NONE) {
        sdf_read_twice(element, diag);
        return;
    }
    sdf->vms = alloc_grow(sdf->vms, sdf->vms_count, sizeof(*vm));
    sdf->pds[pd].vm = sdf->vms_count;
    vm = &sdf->vms[sdf->vms_count++];
    vm->pos = element->pos;
    vm->pd = pd;
    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &vm->name);
    sdf_attr_number(element, "priority", SDF_OPTIONAL, diag, &vm->priority);
    sdf_read_budget(element, diag, &vm->budget, &vm->period);
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        if (strcmp(child->name, "vcpu") == 0) {
            sdf_read_vcpu(child, diag, vm);
        } else if (strcmp(child->name, "map") == 0) {
            vm->maps = alloc_grow(vm->maps, vm->maps_count, sizeof(*vm->maps));
            sdf_read_map(child, true, diag, &vm->maps[vm->maps_count++]);
        } else if (strcmp(child->name, "register_page") == 0) {
            sdf_read_register_page(child, diag, vm);
        } else {
            sdf_read_unknown(child, children, diag);
        }
    }
    sdf_read_old_vcpu(element, diag, vm);
    for (size_t i = 0; i < vm->vcpus_count; i++) {
        if (!vm->vcpus[i].cpu.given) {
            vm->vcpus[i].cpu.value = sdf->pds[pd].cpu.value;
        }
    }
}

static void sdf_read_pd_attributes(const struct xml_element *element, struct diag *diag,
                                   struct sdf_pd *pd)
{
    static const char *const names[] = { "name",    "priority",   "budget",    "period",
                                         "passive", "stack_size", "cpu",       "smc",
                                         "fpu",     "id",         "setvar_id", NULL };

    sdf_attr_allow(element, names, diag);
    sdf_attr_string(element, "name", SDF_REQUIRED, diag, &pd->name);
    sdf_attr_number(element, "priority", SDF_OPTIONAL, diag, &pd->priority);
    sdf_read_budget(element, diag, &pd->budget, &pd->period);
    sdf_attr_bool(element, "passive", diag, &pd->passive, &pd->passive_pos);
    sdf_attr_number(element, "stack_size", SDF_OPTIONAL, diag, &pd->stack_size);
    sdf_attr_number(element, "cpu", SDF_OPTIONAL, diag, &pd->cpu);
    sdf_attr_bool(element, "smc", diag, &pd->smc, NULL);
    sdf_attr_bool(element, "fpu", diag, &pd->fpu, NULL);
    sdf_attr_bool(element, "pp", diag, &pd->pp, &pd->pp_pos);
    if (pd->parent != SDF_NONE) {
        sdf_attr_number(element, "id", SDF_REQUIRED, diag, &pd->id);
        sdf_attr_string(element, "setvar_id", SDF_OPTIONAL, diag, &pd->setvar_id);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct xml_attribute *attribute =
            xml_find_attribute(element, i == 0 ? "id" : "setvar_id");

        if (attribute != NULL) {
            diag_error(diag, attribute->name_pos,
                       "'%s' is for a <protection_domain> inside of another", attribute->name);
            diag_help(diag, "remove it, or put this <protection_domain> into its parent");
        }
    }
}

/** One element inside of a PD. The array of PDs may move: children are PDs as well. */
static void sdf_read_pd_child(const struct xml_element *child, size_t index, struct sdf *sdf,
                              struct diag *diag)
{
    static const char *const names[] = {
        "program_image",   "map", "irq", "setvar", "reports", "console", "protection_domain",
        "virtual_machine", NULL
    };
    struct sdf_pd *pd = &sdf->pds[index];

    if (strcmp(child->name, "program_image") == 0) {
        sdf_read_program(child, diag, pd);
    } else if (strcmp(child->name, "map") == 0) {
        pd->maps = alloc_grow(pd->maps, pd->maps_count, sizeof(*pd->maps));
        sdf_read_map(child, false, diag, &pd->maps[pd->maps_count++]);
    } else if (strcmp(child->name, "irq") == 0) {
        pd->irqs = alloc_grow(pd->irqs, pd->irqs_count, sizeof(*pd->irqs));
        sdf_read_irq(child, diag, &pd->irqs[pd->irqs_count++]);
    } else if (strcmp(child->name, "setvar") == 0) {
        pd->setvars = alloc_grow(pd->setvars, pd->setvars_count, sizeof(*pd->setvars));
        sdf_read_setvar(child, diag, &pd->setvars[pd->setvars_count++]);
    } else if (strcmp(child->name, "console") == 0) {
        sdf_read_client(child, diag, &pd->client);
    } else if (strcmp(child->name, "reports") == 0) {
        sdf_read_reports(child, diag, &pd->reports);
    } else if (strcmp(child->name, "virtual_machine") == 0) {
        sdf_read_vm(child, index, sdf, diag);
    } else if (strcmp(child->name, "protection_domain") == 0) {
        sdf_read_pd(child, index, sdf, diag);
    } else {
        sdf_read_unknown(child, names, diag);
    }
}

void sdf_read_pd(const struct xml_element *element, size_t parent, struct sdf *sdf,
                 struct diag *diag)
{
    size_t index = sdf->pds_count;
    struct sdf_pd *pd;

    sdf->pds = alloc_grow(sdf->pds, sdf->pds_count++, sizeof(*sdf->pds));
    pd = &sdf->pds[index];
    *pd = (struct sdf_pd){ .pos = element->pos,
                           .parent = parent,
                           .vm = SDF_NONE,
                           .fpu = true,
                           .stack_size.value = 0x2000 };
    sdf_read_pd_attributes(element, diag, pd);
    for (const struct xml_element *child = element->first; child != NULL; child = child->next) {
        sdf_read_pd_child(child, index, sdf, diag);
    }
    if (sdf->pds[index].program_pos.line == 0) {
        diag_error(diag, element->pos, "this <protection_domain> has no <program_image>");
        diag_help(diag, "add <program_image path=\"....elf\"/>");
    }
}
