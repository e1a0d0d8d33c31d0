/* Cuts the power of an MCU that is being updated.
 *
 *     cut_power every PAGE UNIT PAGES OLD NEW HANGS SEED   once at every boundary, before it and in its middle
 *     cut_power pairs PAGE UNIT PAGES OLD NEW HANGS SEED   in the middle of every note, and again soon after the restart
 *     cut_power random COUNT SEED                          COUNT cuts of random updates, also while recovering from one
 *
 * Prints one line of figures. A dead MCU is printed with what it takes to see it again, and the exit code is 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define CUTS_MAX 8 /* in one update */

static void show(const world_plan *plan, const flash_cut *cuts, uint32_t count, const char *why)
{
    printf("DEAD: %s; page %u unit %u pages %u old %u new %u hangs %d forgets %d seed %" PRIu64 " cuts", why,
           (unsigned)plan->page_size, plan->unit, plan->pages, (unsigned)plan->old_size, (unsigned)plan->new_size,
           plan->hangs, plan->forgets, plan->seed);
    for (uint32_t i = 0; i < count; i++) {
        printf(" %" PRIu64 "%s%s", cuts[i].after, cuts[i].torn ? "~" : "", cuts[i].journal ? "j" : "");
    }
    putchar('\n');
}

static world_result run(const world_plan *plan, const flash_cut *cuts, uint32_t count)
{
    const world_result result = world_run(plan, cuts, count);
    if (result.dead) {
        show(plan, cuts, count, result.why);
    }
    return result;
}

static world_plan read_plan(char **words)
{
    return (world_plan){.page_size = (uint32_t)atoi(words[0]), .unit = (uint8_t)atoi(words[1]),
                        .pages = (uint16_t)atoi(words[2]), .old_size = (uint32_t)atoi(words[3]),
                        .new_size = (uint32_t)atoi(words[4]), .hangs = atoi(words[5]) != 0,
                        .seed = strtoull(words[6], NULL, 10)};
}

static int every(world_plan plan)
{
    const world_result whole = run(&plan, NULL, 0);
    uint32_t dead = whole.dead;
    uint32_t done = 0;
    for (uint64_t event = 0; event < whole.events; event++) {
        for (int torn = 0; torn < 2; torn++) {
            const flash_cut cut = {.after = event, .torn = torn != 0};
            plan.forgets = (event & 1) != 0;
            const world_result result = run(&plan, &cut, 1);
            dead += result.dead;
            done += result.cuts;
        }
    }
    printf("boundaries %" PRIu64 " cuts %" PRIu32 " dead %" PRIu32 "\n", whole.events, done, dead);
    return dead != 0;
}

/* The last cut falls into the first pages that are copied after the one before, or into their notes; the first, if there
 * is one, into the middle of an exchange. */
static int pairs(world_plan plan)
{
    const world_result whole = run(&plan, NULL, 0);
    uint32_t dead = whole.dead;
    uint32_t done = 0;
    for (uint64_t note = 0; note < 2u * whole.journal_events; note++) {
        for (uint64_t then = 0; then < 2u * plan.page_size + 6u; then++) {
            const flash_cut cuts[] = {{.after = whole.events / 2u, .torn = true},
                                      {.after = note / 2u, .torn = true, .journal = true},
                                      {.after = then, .torn = true}};
            plan.seed++;
            plan.forgets = (then & 1) != 0;
            const world_result result = note % 2u == 0 ? run(&plan, cuts, 3) : run(&plan, cuts + 1, 2);
            dead += result.dead;
            done += result.cuts;
        }
    }
    printf("notes %" PRIu64 " cuts %" PRIu32 " dead %" PRIu32 "\n", whole.journal_events, done, dead);
    return dead != 0;
}

/* A number that is small as often as it is large. */
static uint32_t draw_size(flash_model *dice, uint32_t below)
{
    return flash_draw(dice, 1 + flash_draw(dice, below));
}

static int random_cuts(uint32_t count, uint64_t seed)
{
    static flash_model dice;
    static const uint32_t page_sizes[] = {64, 128, 256, 1024};
    uint32_t done = 0;
    uint32_t updates = 0;
    uint32_t dead = 0;
    dice.random = seed;
    while (done < count && dead == 0) {
        const uint32_t page = page_sizes[flash_draw(&dice, 4)];
        const uint16_t pages = (uint16_t)(1 + flash_draw(&dice, 12));
        const world_plan plan = {.page_size = page, .unit = (uint8_t)(1u << flash_draw(&dice, 6)), .pages = pages,
                                 .old_size = 1 + draw_size(&dice, pages * page), .new_size = 1 + draw_size(&dice, pages * page),
                                 .hangs = flash_draw(&dice, 4) == 0, .forgets = flash_draw(&dice, 2) == 0,
                                 .seed = flash_draw(&dice, UINT32_MAX)};
        const world_result whole = run(&plan, NULL, 0);
        flash_cut cuts[CUTS_MAX];
        for (uint32_t i = 0; i < CUTS_MAX; i++) {
            const bool journal = flash_draw(&dice, 2) == 0;
            const uint32_t below = (uint32_t)whole.events / (journal ? 4 : 1);
            cuts[i] = (flash_cut){.after = draw_size(&dice, below), .torn = flash_draw(&dice, 4) != 0, .journal = journal};
        }
        const world_result result = run(&plan, cuts, 1 + flash_draw(&dice, CUTS_MAX));
        dead += whole.dead + result.dead;
        done += result.cuts;
        updates++;
    }
    printf("updates %" PRIu32 " cuts %" PRIu32 " dead %" PRIu32 "\n", updates, done, dead);
    return dead != 0;
}

int main(int count, char **words)
{
    if (count == 9 && strcmp(words[1], "every") == 0) {
        return every(read_plan(words + 2));
    }
    if (count == 9 && strcmp(words[1], "pairs") == 0) {
        return pairs(read_plan(words + 2));
    }
    if (count == 4 && strcmp(words[1], "random") == 0) {
        return random_cuts((uint32_t)atoi(words[2]), strtoull(words[3], NULL, 10));
    }
    fputs("usage: cut_power every|pairs PAGE UNIT PAGES OLD NEW HANGS SEED | random COUNT SEED\n", stderr);
    return 2;
}
