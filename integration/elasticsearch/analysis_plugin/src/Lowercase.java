package mlsidecar.test.analysis;

import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;

/** {@code lowercase}: also normalizes the terms of keyword and prefix queries. */
@NamedComponent("lowercase")
public class Lowercase implements TokenFilterFactory {
    @Override
    public TokenStream create(TokenStream tokens) {
        return new LowerCaseFilter(tokens);
    }

    @Override
    public TokenStream normalize(TokenStream tokens) {
        return create(tokens);
    }
}
