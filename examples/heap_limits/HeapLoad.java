import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.SplittableRandom;

/**
 * Allocates a fixed number of bytes with a known live set, so that collections under different heap limits can be compared: the same
 * profile, size and seed always allocate the same objects in the same order.
 *
 * Usage: java HeapLoad.java PROFILE LIVE_MIB ALLOCATED_MIB
 */
public final class HeapLoad {
    private static final int MIB = 1 << 20;

    /** A small object with a link, so that collectors have something to follow. */
    private static final class Node {
        Node next;
        long a, b, c, d, e, f, g, h, i, j, k, l;
    }

    /** Whatever was allocated last is reachable for a moment, so that allocation is not optimized away. */
    private static volatile Object last;
    private static int sum;
    private static Object kept;

    public static void main(String[] arguments) {
        String profile = arguments[0];
        long live = Long.parseLong(arguments[1]) * MIB;
        long toAllocate = Long.parseLong(arguments[2]) * MIB;
        SplittableRandom random = new SplittableRandom(7);
        long began = System.nanoTime();
        switch (profile) {
            case "steady" -> steady(live, toAllocate, random);
            case "pointers" -> pointers(live, toAllocate, random);
            case "cache" -> cache(live, toAllocate, random);
            case "ring" -> ring(live, toAllocate, random);
            case "bursty" -> bursty(live, toAllocate, random);
            case "leak" -> leak(live, toAllocate, random);
            default -> throw new IllegalArgumentException("no such profile: " + profile);
        }
        System.out.printf("done in %.2f s%n", (System.nanoTime() - began) / 1e9);
        // What the JVM itself counted, for comparison with its log.
        for (GarbageCollectorMXBean bean : ManagementFactory.getGarbageCollectorMXBeans()) {
            System.out.printf("%s: %d collections, %d ms%n", bean.getName(), bean.getCollectionCount(), bean.getCollectionTime());
        }
    }

    private static int size(SplittableRandom random) {
        return 32 + random.nextInt(1984);
    }

    /** Garbage of mixed sizes, with some work on it as programs do; returns how much. */
    private static long garbage(SplittableRandom random) {
        int size = size(random);
        last = worked(size);
        return size + 16;
    }

    private static byte[] worked(int size) {
        byte[] block = new byte[size];
        for (int at = 0; at < size; at += 4) {
            sum = sum * 31 + at;
            block[at] = (byte) sum;
        }
        return block;
    }

    private static byte[][] blocks(long bytes) {
        byte[][] blocks = new byte[(int) (bytes / (8192 + 16))][];
        for (int at = 0; at < blocks.length; at++) {
            blocks[at] = new byte[8192];
        }
        return blocks;
    }

    /** A live set that never changes. */
    private static void steady(long live, long toAllocate, SplittableRandom random) {
        kept = blocks(live);
        for (long done = 0; done < toAllocate; ) {
            done += garbage(random);
        }
    }

    /** A live set of small linked objects. */
    private static void pointers(long live, long toAllocate, SplittableRandom random) {
        Node[] heads = new Node[1024];
        for (long built = 0; built < live; built += 112) {
            Node node = new Node();
            int at = random.nextInt(heads.length);
            node.next = heads[at];
            heads[at] = node;
        }
        kept = heads;
        for (long done = 0; done < toAllocate; ) {
            done += garbage(random);
        }
    }

    /** Long-lived entries, one of them replaced for every fifty times its bytes of garbage. */
    private static void cache(long live, long toAllocate, SplittableRandom random) {
        byte[][] entries = new byte[(int) (live / 1040)][];
        for (int at = 0; at < entries.length; at++) {
            entries[at] = new byte[1024];
        }
        kept = entries;
        long owed = 0;
        for (long done = 0; done < toAllocate; ) {
            long size = garbage(random);
            done += size;
            owed += size;
            if (owed > 50 * 1040) {
                owed -= 50 * 1040;
                entries[random.nextInt(entries.length)] = new byte[1024];
                done += 1040;
            }
        }
    }

    /** Half of the live set is in use for a while and then dropped: the last bytes that were allocated. */
    private static void ring(long live, long toAllocate, SplittableRandom random) {
        kept = blocks(live / 2);
        ArrayDeque<byte[]> ring = new ArrayDeque<>();
        long held = 0;
        for (long done = 0; done < toAllocate; ) {
            int size = size(random);
            byte[] one = worked(size);
            done += size + 16;
            if (random.nextInt(10) == 0) {
                ring.add(one);
                held += size + 16;
                while (held > live / 2) {
                    held -= ring.remove().length + 16;
                }
            }
        }
    }

    /** Stretches in which what is allocated stays for a moment, such as a large request, and stretches of quick garbage with rests. */
    private static void bursty(long live, long toAllocate, SplittableRandom random) {
        kept = blocks(live * 3 / 4);
        for (long done = 0; done < toAllocate; ) {
            long until = Math.min(toAllocate, done + 24L * MIB);
            while (done < until) {
                done += garbage(random);
            }
            ArrayDeque<byte[]> request = new ArrayDeque<>();
            for (long held = 0; held < live / 4; ) {
                int size = size(random);
                request.add(worked(size));
                held += size + 16;
                done += size + 16;
            }
            last = request.size();
            rest();
        }
    }

    /** The live set grows for ever. */
    private static void leak(long live, long toAllocate, SplittableRandom random) {
        ArrayDeque<byte[]> all = new ArrayDeque<>();
        kept = all;
        long every = Math.max(1, toAllocate / live);
        for (long done = 0, owed = 0; done < toAllocate; ) {
            long size = garbage(random);
            done += size;
            owed += size;
            if (owed > every * 1040) {
                owed = 0;
                all.add(new byte[1024]);
            }
        }
    }

    private static void rest() {
        try {
            Thread.sleep(2);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
        }
    }
}
