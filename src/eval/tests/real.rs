//! Real collections, where they lie beside the project: `UNINOTE_DATA` or else `../shared/data`.

use crate::eval::{Collection, Direction, Evaluation, Metric, Setting};
use crate::query::Mode;
use std::path::Path;

#[test]
fn the_encoder_inside_is_as_good_on_real_collections_as_it_was() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let root = std::env::var_os("UNINOTE_DATA").map_or(beside, Into::into);
    // Least nDCG@10 and recall@100 of exact dense search, and the relevant notes that are empty and so not in the index.
    for (name, split, ndcg, recall, absent) in [("cranfield", "test", 0.30, 0.65, 1), ("nfcorpus", "dev", 0.24, 0.2, 0)]
    {
        if !root.join(name).exists() {
            println!("skipped: no {name} in {}", root.display());
            continue;
        }
        let collection = Collection::open(&root.join(name), Some(split), Direction::TextToPicture).unwrap();
        let setting = Setting::new(Mode::Dense).recall(1.0);
        let report = Evaluation::new(&collection).setting(setting).run(|_| ()).unwrap();
        let [ndcg_found, recall_found] =
            [Metric::Ndcg10, Metric::Recall100].map(|m| report.systems[0].interval(m).mean);
        println!("{name}: nDCG@10 {ndcg_found:.4}, recall@100 {recall_found:.4}");
        assert!(ndcg_found > ndcg && recall_found > recall, "{name}: {ndcg_found} {recall_found}");
        assert_eq!(report.facts.absent, absent, "{name}");
    }
}
