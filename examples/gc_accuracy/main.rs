mod traces;
fn main() {
    let mut all = vivarium::whatif::beam_heap::replay::ReplayScore::default();
    for path in std::env::args().skip(1) {
        let data = traces::read(path.as_ref()).unwrap();
        let mut sum = vivarium::whatif::beam_heap::replay::ReplayScore::default();
        for heap in &data.components[0].heaps {
            sum.add(vivarium::whatif::beam_heap::replay::score(heap, data.otp_release));
        }
        if sum.reproduced != sum.collections {
            println!("{path}: {} of {}", sum.reproduced, sum.collections);
            for m in sum.misses.iter().take(2) {
                println!("   {m}");
            }
        }
        all.add(sum);
    }
    println!("{} of {}", all.reproduced, all.collections);
}
