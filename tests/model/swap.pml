/* SPDX-License-Identifier: Apache-2.0 */
/* A model of the swap and confirm protocol (docs/BOARD.md) for spin.
 *
 * Pages are whole images' pages or torn. The journal is the last state that is certain, and perhaps an entry that was
 * cut: each start reads the one or the other, as it happens, until a start has sealed what it read. Power is cut at
 * most CUTS times, before, in the middle of or after any operation. Built with BAD, the new image never confirms; with
 * UNSEALED, the loader acts on what it read.
 *
 * Checked: whatever runs is whole, and what was confirmed stays (assertions); the update is completed at last, or the
 * old image is back at last if the new one is bad (LTL). `tests/model/run` builds and runs it. */

#ifndef CUTS
#define CUTS 3
#endif
#define PAGES 2 /* of an image */
#define STEPS (3 * PAGES)
#define ATTEMPTS 3

/* A bad image is not asked for again once it was reverted; a good one is, with the director's next targets. */
#ifdef BAD
#define AGAIN !now.reverted
#else
#define AGAIN true
#endif

#define TORN 0
#define OLD 10 /* + page */
#define NEW 20

mtype = { idle, requested, swapping, testing, reverting };

typedef state {
    mtype phase = idle;
    byte steps;
    byte attempts;
    bool reverted
};

byte a[PAGES + 1]; /* slot 0, and the spare page behind it */
byte b[PAGES];     /* slot 1 */
state certain;     /* what the journal holds for sure */
state entry;       /* an entry that was cut while it was written */
bool has_entry;
state now;         /* what this start read, and has changed since */
bool sealed;
byte cuts;
bool by_power = true; /* the last reset */
byte runs;            /* OLD or NEW: what the application is; 0 while the loader works */
bool confirmed;       /* the application was told that it stays */

#define whole(image) (a[0] == image && a[1] == image + 1)
#define staged(image) (b[0] == image && b[1] == image + 1)

inline set(to, from) {
    to.phase = from.phase;
    to.steps = from.steps;
    to.attempts = from.attempts;
    to.reverted = from.reverted
}

/* Writes `now` to the journal: an entry behind what was sealed; or a whole page, if nothing was. */
inline save() {
    if
    :: cuts < CUTS -> cuts++; goto power_on                                             /* before */
    :: cuts < CUTS && sealed -> cuts++; set(entry, now); has_entry = true; goto power_on /* torn */
    :: set(certain, now); has_entry = false; sealed = true
    :: cuts < CUTS -> cuts++; set(certain, now); has_entry = false; goto power_on       /* after */
    fi
}

/* Seals what was read. A snapshot that is cut reads as itself or not at all: then as before. */
inline seal() {
    if
    :: cuts < CUTS -> cuts++; goto power_on
    :: set(certain, now); has_entry = false; sealed = true
    fi
}

inline copy(to, from) {
    if
    :: cuts < CUTS -> cuts++; goto power_on
    :: cuts < CUTS -> cuts++; to = TORN; goto power_on
    :: to = from
    :: cuts < CUTS -> cuts++; to = from; goto power_on
    fi
}

inline enter(next, is_reverted) {
    now.phase = next;
    now.reverted = is_reverted;
    now.steps = 0;
    now.attempts = 0;
    save()
}

/* secondary/boot/swap.c */
inline swap() {
    do
    :: now.steps < PAGES -> copy(a[PAGES - now.steps], a[PAGES - 1 - now.steps]); now.steps++; save()
    :: now.steps >= PAGES && now.steps < STEPS && (now.steps - PAGES) % 2 == 0 ->
        copy(a[(now.steps - PAGES) / 2], b[(now.steps - PAGES) / 2]); now.steps++; save()
    :: now.steps >= PAGES && now.steps < STEPS && (now.steps - PAGES) % 2 == 1 ->
        copy(b[(now.steps - PAGES) / 2], a[(now.steps - PAGES) / 2 + 1]); now.steps++; save()
    :: now.steps == STEPS -> break
    od
}

active proctype board() {
    byte page;
    a[0] = OLD; a[1] = OLD + 1;

power_on:
    by_power = true;
reset:
    runs = 0;
    sealed = false;
    if
    :: set(now, certain)
    :: has_entry -> set(now, entry)
    fi;
#ifndef UNSEALED
    seal();
#endif

loader: /* secondary/boot/boot.c */
    if
    :: now.phase == requested ->
        if
        :: staged(NEW) -> enter(swapping, false)
        :: else -> enter(idle, true)
        fi;
        goto loader
    :: now.phase == swapping -> swap(); enter(testing, false); goto loader
    :: now.phase == reverting -> swap(); enter(idle, true); goto loader
    :: now.phase == testing ->
        if
        :: (now.attempts == 0 || (by_power && now.attempts < ATTEMPTS)) && whole(NEW) -> now.attempts++; save()
        :: else -> assert(staged(OLD)); enter(reverting, false); goto loader
        fi
    :: now.phase == idle
    fi;
    assert(whole(OLD) || whole(NEW));
    runs = (whole(OLD) -> OLD : NEW);
    assert(!confirmed || runs == NEW);

    /* the application */
    if
    :: now.phase == testing ->
        if
#ifndef BAD
        :: true -> now.phase = idle; save(); confirmed = true
#else
        :: true -> by_power = false; goto reset /* the watchdog */
#endif
        :: cuts < CUTS -> cuts++; goto power_on
        fi
    :: now.phase == idle && runs == OLD && AGAIN ->
        for (page : 0 .. PAGES - 1) { copy(b[page], NEW + page) }
        enter(requested, false);
        by_power = false;
        goto reset
    :: else /* updated, or given up */
    fi;
    if
    :: cuts < CUTS -> cuts++; goto power_on
    :: true
    fi
}

#ifndef BAD
ltl completes { <> [] (runs == NEW) }
#else
ltl returns { <> [] (runs == OLD) }
#endif
